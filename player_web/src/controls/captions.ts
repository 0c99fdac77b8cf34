/** The look of captions, laid over the browser's own by a style sheet of our own. */
import { type CaptionStyle, captionRule, readCaptionStyle, writeCaptionStyle } from "./caption_style.ts";
import { recall, remember } from "../base/storage.ts";

let sheet: CSSStyleSheet | null = null;

/** Return the look that was chosen. */
export const captionStyle = (): CaptionStyle => readCaptionStyle(recall("caption_style"));

/** Let captions look as was chosen; the page's policy allows no style that is written into the document. */
export function applyCaptionStyle(style: CaptionStyle = captionStyle()): void {
  if (!("adoptedStyleSheets" in document)) return; // an old browser shows them in its own way
  if (!sheet) {
    sheet = new CSSStyleSheet();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }
  sheet.replaceSync(captionRule(style));
}

/** Keep a look and show it. */
export function chooseCaptionStyle(style: CaptionStyle): void {
  remember("caption_style", writeCaptionStyle(style));
  applyCaptionStyle(style);
}
