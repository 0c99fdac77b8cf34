/** Texts that only the TV view has; the others are the page's own. */
import { language } from "../base/text.ts";

const vi = {
  page: "{station}: xem trên TV",
  openMenu: "Kênh và lịch phát sóng",
  noGuide: "Kênh này chưa có lịch phát sóng.",
  chooseDay: "Ngày",
  numberUnknown: "Không có kênh số {number}.",
  channelUnknown: "Địa chỉ dẫn tới một kênh không có; đang mở kênh khác.",
  pressForSound: "Đang tắt tiếng. Bấm phím bất kỳ để bật tiếng.",
  hintBack: "Quay lại: đóng",
  timeBar: "Tua theo giờ phát sóng",
  liveOnly: "Kênh này không tua lại được.",
  behind: "trễ {time}",
  upcomingAt: "Chương trình này bắt đầu lúc {time}.",
  nothingKnown: "Chưa có thông tin chương trình",
};

type Words = typeof vi;

const en: Words = {
  page: "{station}: on TV",
  openMenu: "Channels and guide",
  noGuide: "This channel has no guide yet.",
  chooseDay: "Day",
  numberUnknown: "There is no channel {number}.",
  channelUnknown: "The address names a channel that does not exist; another one opens.",
  pressForSound: "Muted. Press any key for sound.",
  hintBack: "Back: close",
  timeBar: "Rewind by clock time",
  liveOnly: "This channel cannot be rewound.",
  behind: "{time} behind",
  upcomingAt: "This programme begins at {time}.",
  nothingKnown: "Nothing known about the programme",
};

/** Return a text of the TV view, with `{name}` replaced by the values given. */
export function w(key: keyof Words, values: Record<string, string | number> = {}): string {
  return (language() === "en" ? en : vi)[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export const WORDS = { vi, en };
