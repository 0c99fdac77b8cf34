/**
 * A report in CMCD version 2: a dictionary of structured fields (RFC 9651) on one line.
 *
 * Thirty lines of our own, since we write a closed set of keys: `@svta/cml-cmcd` takes 2.9 kB for any.
 * Its validator, which knows nothing of this, judges what we send.
 */

export const CMCD_TYPE = "application/cmcd";

/** Lists in parentheses; `true` for a flag that is up.  What is undefined is not told. */
export type Value = number | string | true | readonly (number | string)[] | undefined;
export type Report = Readonly<Record<string, Value>>;

const TOKENS: ReadonlySet<string> = new Set(["e", "sf", "st", "sta", "lensong-kind"]);
/** The standard has these in hundreds. */
const IN_HUNDREDS: ReadonlySet<string> = new Set(["bl", "mtp"]);
const TEXT_MAX = 64;

export function encodeReport(report: Report): string {
  return Object.keys(report).sort().flatMap((key) => {
    const value = encodeValue(key, report[key]);
    return value === null ? [] : value === "" ? [key] : [`${key}=${value}`];
  }).join(",");
}

export const encodeBody = (reports: readonly Report[]): string => reports.map(encodeReport).join("\n");

function encodeValue(key: string, value: Value): string | null {
  if (value === undefined) return null;
  if (value === true) return "";
  if (typeof value === "number") return encodeNumber(key, value);
  if (typeof value === "string") return TOKENS.has(key) ? value : quote(value);
  const items = value.map((item) => (typeof item === "number" ? encodeNumber(key, item) : quote(item)));
  const told = items.filter((item) => item !== null);
  return told.length > 0 ? `(${told.join(" ")})` : null;
}

function encodeNumber(key: string, value: number): string | null {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e15) return null;
  return String(IN_HUNDREDS.has(key) ? Math.round(value / 100) * 100 : Math.round(value));
}

/** Strings are printable ASCII. */
function quote(text: string): string {
  return `"${text.replace(/[^ -~]/g, "").slice(0, TEXT_MAX).replace(/["\\]/g, "\\$&")}"`;
}
