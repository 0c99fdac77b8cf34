// For sets that know no modules (before Chrome 61): a sentence, in the JavaScript of 2009.
(function () {
  "use strict";
  function say() {
    var main = document.querySelector("main.tv");
    var texts = [
      "TV này quá cũ để mở trang này.",
      "Hãy cài ứng dụng xem IPTV trên TV và nhập danh sách kênh:",
      location.protocol + "//" + location.host + "/channels.m3u",
      "This TV is too old for this page. Use an IPTV app with the list above."
    ];
    var card = document.createElement("div");
    card.className = "card";
    for (var i = 0; i < texts.length; i += 1) {
      var line = document.createElement(i === 0 ? "h1" : "p");
      line.appendChild(document.createTextNode(texts[i]));
      if (i === 0) line.className = "sentence";
      card.appendChild(line);
    }
    while (main.firstChild) main.removeChild(main.firstChild);
    main.appendChild(card);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", say);
  else say();
}());
