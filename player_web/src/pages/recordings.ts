/** Words about a file to play, for the pages that list them. */
import type { Channel } from "../base/api.ts";
import { dayOf } from "../base/clock.ts";
import { clockTime, dayName, stationZone, t } from "../base/text.ts";

/** Write a length as players do: "5:03", "1:05:03". */
export function lengthText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Say where something was cut from: "Trích từ Truyền hình Hưng Yên, Hôm qua 19:00". */
export function cutFrom(channel: Channel | undefined, startS: number, nowMs: number): string {
  const day = dayName(dayOf(startS * 1000, stationZone()), dayOf(nowMs, stationZone()));
  return t("clipCut", { channel: channel?.name ?? "", time: `${day} ${clockTime(startS * 1000)}` });
}
