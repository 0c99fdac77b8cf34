/** Texts of the way out of another app's browser; loaded when it is offered. */
const vi = {
  thisApp: "ứng dụng này",
  title: "Không phát được trong {app}?",
  open: "Mở bằng trình duyệt",
  hintAndroid: "Trình duyệt của máy phát tốt hơn. Nếu nút dưới đây không mở được, hãy bấm dấu ba chấm ở góc màn hình, hoặc chép địa chỉ rồi dán vào trình duyệt.",
  hintIos: "Safari phát tốt hơn. Hãy bấm dấu ba chấm hoặc biểu tượng chia sẻ ở góc màn hình rồi chọn mở bằng Safari, hoặc chép địa chỉ rồi dán vào Safari.",
  address: "Địa chỉ của trang này",
  copy: "Chép địa chỉ",
  copied: "Đã chép địa chỉ.",
  byHand: "Ứng dụng không cho chép. Hãy giữ vào ô địa chỉ để chép.",
};

const en: typeof vi = {
  thisApp: "this app",
  title: "Does it not play in {app}?",
  open: "Open in the browser",
  hintAndroid: "Your phone's browser plays better. If the button below opens nothing, press the three dots in the corner of the screen, or copy the address and paste it into the browser.",
  hintIos: "Safari plays better. Press the three dots or the share sign in the corner of the screen and choose to open in Safari, or copy the address and paste it into Safari.",
  address: "Address of this page",
  copy: "Copy the address",
  copied: "Address copied.",
  byHand: "The app does not allow copying. Hold the address to copy it.",
};

export const OUTSIDE = { vi, en };
