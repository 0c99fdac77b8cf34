/** When the offer to install is shown again after somebody said no. Values in, values out. */

const AGAIN_AFTER_MS = 180 * 86_400_000;

/** Say whether the front page offers it; `declined` is when somebody said no, as it was kept. */
export function mayOffer(declined: string | null, nowMs: number): boolean {
  const atMs = declined === null ? Number.NaN : Number(declined);
  // A clock that was wrong then must not silence it for ever.
  return !(atMs <= nowMs && nowMs - atMs < AGAIN_AFTER_MS);
}
