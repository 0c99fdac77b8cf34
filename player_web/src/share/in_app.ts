/**
 * The browsers inside other apps, in which shared links open: which app it is, and the ways out of it.
 *
 * Links are read in Zalo and Facebook far more than in a browser.  Their web views are often old, refuse to
 * play by themselves, or lack what a player needs.
 */
import type { Situation } from "../playing/facts.ts";
import type { FaultCode } from "../playing/faults.ts";

export interface InApp {
  /** Name of the app; empty where only its kind is known. */
  app: string;
  system: "android" | "ios";
  /** The system's version; 0 when unknown. */
  version: number;
}

/** What each app writes into its user agent; the first that fits. */
const APPS: readonly [RegExp, string][] = [
  [/\bZalo(Theme)?\b/, "Zalo"],
  [/Orca-Android|MessengerForiOS|MessengerLiteForiOS/, "Messenger"],
  [/\bInstagram\b/, "Instagram"],
  [/\bBarcelona\b/, "Threads"],
  [/\bFB(AN|AV|_IAB)\b/, "Facebook"],
  [/\b(musical_ly|trill)_|BytedanceWebview/, "TikTok"],
  [/\bMicroMessenger\b/, "WeChat"],
  [/\bLine\//, "LINE"],
  [/\bViber\b/, "Viber"],
  [/\bSnapchat\b/, "Snapchat"],
  [/\bTwitter for\b/, "X"],
];

/** From this one on, Safari takes `x-safari-https:` addresses from other apps. */
const IOS_WITH_SAFARI_ADDRESSES = 17;

/** Say which app's own browser this is; null for a browser, and for the page installed as an app. */
export function inAppBrowser(userAgent: string): InApp | null {
  const ios = /\b(?:iPhone|iPad|iPod)\b.*? OS (\d+)_/.exec(userAgent);
  const android = /\bAndroid (\d+)/.exec(userAgent);
  const found = ios ?? android;
  if (!found) return null;
  const app = APPS.find(([mark]) => mark.test(userAgent))?.[1];
  // Android marks each web view; of iOS' the page on the home screen looks like one.
  const isView = app !== undefined || (android !== null && /; wv\)/.test(userAgent));
  return isView ? { app: app ?? "", system: ios ? "ios" : "android", version: Number(found[1]) } : null;
}

/** Return the address that opens a page in the phone's browser; null where none is known to work. */
export function outsideAddress(address: string, { system, version }: InApp): string | null {
  const { protocol, host, pathname, search } = new URL(address);
  const scheme = protocol.replace(":", "");
  const rest = `${host}${pathname}${search}`;
  if (system === "android") {
    const fallback = encodeURIComponent(`${protocol}//${rest}`);
    return `intent://${rest}#Intent;scheme=${scheme};package=com.android.chrome;S.browser_fallback_url=${fallback};end`;
  }
  return version >= IOS_WITH_SAFARI_ADDRESSES ? `x-safari-${scheme}://${rest}` : null;
}

/** Faults that another browser on the same phone may not have: not those of the network, the channel or the rights. */
const OF_BROWSERS: ReadonlySet<FaultCode> = new Set(["LS-D1", "LS-N1", "LS-N2"]);

/** Say whether another browser is worth a try; `wasPressed`: play was asked for with a press since it last played. */
export function isWorthLeaving(situation: Situation, wasPressed: boolean): boolean {
  if (situation.kind === "fault") return OF_BROWSERS.has(situation.code);
  return situation.kind === "blocked" && wasPressed;
}
