/** Texts of going on with what was left; loaded with it. */
const vi = {
  watchOn: "Xem tiếp",
  listenOn: "Nghe tiếp",
  goOn: "Xem và nghe tiếp",
  left: "còn {time}",
  remove: "Bỏ khỏi danh sách: {title}",
  removed: "Đã bỏ khỏi danh sách: {title}",
  leftAt: "Lần trước bạn dừng ở {time}.",
  watchOnFrom: "Xem tiếp từ {time}",
  listenOnFrom: "Nghe tiếp từ {time}",
  watchFromStart: "Xem từ đầu",
  listenFromStart: "Nghe từ đầu",
};

const en: typeof vi = {
  watchOn: "Continue watching",
  listenOn: "Continue listening",
  goOn: "Continue",
  left: "{time} left",
  remove: "Remove from this list: {title}",
  removed: "Removed from this list: {title}",
  leftAt: "Last time you stopped at {time}.",
  watchOnFrom: "Watch on from {time}",
  listenOnFrom: "Listen on from {time}",
  watchFromStart: "Watch from the start",
  listenFromStart: "Listen from the start",
};

export const RESUME = { vi, en };
