/** What leads to the page that tells what is counted; loaded with the settings. */
export const PRIVACY = {
  vi: { privacy: "Đài đếm những gì" },
  en: { privacy: "What the station counts" },
};
