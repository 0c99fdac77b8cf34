/** Texts of the technical statistics; loaded when they are opened. */
const vi = {
  copy: "Chép",
  copied: "Đã chép",
  channel: "Kênh",
  quality: "Chất lượng",
  bandwidth: "Băng thông ước tính",
  buffer: "Bộ đệm",
  latency: "Độ trễ",
  frames: "Hình bị bỏ",
  stalls: "Số lần dừng",
  start: "Lần đầu lên hình",
  engine: "Bộ phát",
  network: "Mạng",
  screen: "Khung hình",
  session: "Mã phiên báo cáo",
  sessionNone: "Không gửi báo cáo nào",
};

const en: typeof vi = {
  copy: "Copy",
  copied: "Copied",
  channel: "Channel",
  quality: "Quality",
  bandwidth: "Estimated bandwidth",
  buffer: "Buffer",
  latency: "Latency",
  frames: "Dropped frames",
  stalls: "Stalls",
  start: "Time to first picture",
  engine: "Engine",
  network: "Network",
  screen: "Frame",
  session: "Reported session",
  sessionNone: "No reports are sent",
};

export const STATISTICS = { vi, en };
