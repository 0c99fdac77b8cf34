/** How captions look, by the viewer's choice: the sizes, colours and edges that the FCC asks players to offer. */

export const CAPTION_CHOICES = {
  size: ["75", "100", "150", "200"],
  colour: ["white", "yellow", "lime", "cyan", "black"],
  background: ["none", "half", "black", "white"],
  edge: ["none", "outline", "shadow", "raised"],
} as const;

export type CaptionPart = keyof typeof CAPTION_CHOICES;
export type CaptionStyle = { [Part in CaptionPart]: (typeof CAPTION_CHOICES)[Part][number] };

export const PLAIN_CAPTIONS: CaptionStyle = { size: "100", colour: "white", background: "half", edge: "none" };
export const CAPTION_PARTS = Object.keys(CAPTION_CHOICES) as CaptionPart[];

const COLOURS: Record<CaptionStyle["colour"], string> = {
  white: "#ffffff", yellow: "#ffeb3b", lime: "#69f06e", cyan: "#4dd8ff", black: "#000000",
};
const BACKGROUNDS: Record<CaptionStyle["background"], string> = {
  none: "transparent", half: "rgba(0, 0, 0, 0.75)", black: "#000000", white: "#ffffff",
};

/** Read a style as it was kept; what is not known is plain. */
export function readCaptionStyle(kept: string | null): CaptionStyle {
  const words = (kept ?? "").split(" ");
  const chosen = CAPTION_PARTS.map((part, place) => {
    const word = words[place] ?? "";
    return [part, (CAPTION_CHOICES[part] as readonly string[]).includes(word) ? word : PLAIN_CAPTIONS[part]];
  });
  return Object.fromEntries(chosen) as CaptionStyle;
}

/** Write a style so that it can be kept. */
export const writeCaptionStyle = (style: CaptionStyle): string => CAPTION_PARTS.map((part) => style[part]).join(" ");

/** Return the properties of a style, for `::cue` and for the sample in the settings alike. */
export function captionProperties(style: CaptionStyle): Record<string, string> {
  const ink = style.colour === "black" ? "#ffffff" : "#000000";
  const edges: Record<CaptionStyle["edge"], string> = {
    none: "none",
    outline: [[-1, -1], [1, -1], [-1, 1], [1, 1]].map(([x, y]) => `${x}px ${y}px 1px ${ink}`).join(", "),
    shadow: `2px 2px 3px ${ink}`,
    raised: `1px 1px 0 ${ink}, 2px 2px 0 ${ink}`,
  };
  return {
    "color": COLOURS[style.colour],
    "background-color": BACKGROUNDS[style.background],
    "font-size": `${style.size}%`,
    "text-shadow": edges[style.edge],
  };
}

/** Return the rule that gives a video's captions the style. */
export function captionRule(style: CaptionStyle): string {
  const properties = Object.entries(captionProperties(style)).map(([name, value]) => `${name}: ${value};`);
  return `video::cue { ${properties.join(" ")} }`;
}
