/** What is said of installing the app; it comes with the code that offers it. */
const vi = {
  title: "Cài Lên sóng thành ứng dụng",
  why: "Mở ngay từ màn hình chính, không cần gõ địa chỉ.",
  install: "Cài ứng dụng",
  later: "Để sau",
  byHand: "Chạm nút Chia sẻ của trình duyệt, rồi chọn “Thêm vào Màn hình chính”.",
  done: "Đã cài ứng dụng.",
};

const en: Record<keyof typeof vi, string> = {
  title: "Install Lên sóng as an app",
  why: "Open it from the home screen, without typing an address.",
  install: "Install the app",
  later: "Not now",
  byHand: "Tap the browser’s Share button, then choose “Add to Home Screen”.",
  done: "The app is installed.",
};

export const INSTALL = { vi, en };
