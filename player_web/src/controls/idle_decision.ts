/** Whether the controls may go out of the way of the picture. */

/** They stay this long after the last movement. */
export const IDLE_MS = 3_000;

export interface Scene {
  isFullscreen: boolean;
  isPlaying: boolean;
  /** The keyboard's focus is on one of them. */
  hasFocus: boolean;
  isMenuOpen: boolean;
  /** Milliseconds since the pointer moved or a key was pressed. */
  idleMs: number;
}

/** Say whether they may hide: only in full screen, and never from someone who uses them. */
export const mayHide = ({ isFullscreen, isPlaying, hasFocus, isMenuOpen, idleMs }: Scene): boolean => (
  isFullscreen && isPlaying && !hasFocus && !isMenuOpen && idleMs >= IDLE_MS
);
