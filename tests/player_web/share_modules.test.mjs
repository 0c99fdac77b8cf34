// What is shared and what is embedded: addresses, written and read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEmbedded } from "../../player_web/src/embed/address.ts";
import { linksOf } from "../../player_web/src/share/links.ts";

const ZONE = "Asia/Ho_Chi_Minh";
const tv = { id: "hytv", name: 'A "B" <i> & C', kind: "tv" };

test("links name the channel, the moment by the station's clock, and the programme", () => {
  const links = linksOf(
    { channel: tv, programme: { id: "p1", title: "x" }, momentMs: Date.parse("2026-11-24T12:05:09Z") }, "https://xem.vn", ZONE,
  );
  assert.equal(links.channel, "https://xem.vn/xem/hytv");
  assert.equal(links.moment, "https://xem.vn/xem/hytv?t=2026-11-24T19:05:09");
  assert.equal(links.programme, "https://xem.vn/xem/hytv/p1");
  assert.match(links.embed, /^<iframe src="https:\/\/xem\.vn\/embed\/hytv" width="640" height="416" /);
  assert.match(links.embed, /title="A &quot;B&quot; &lt;i&gt; &amp; C"/);
});

test("what cannot be gone back to has no link of its own", () => {
  const radio = { id: "hyfm", name: "R", kind: "radio" };
  const links = linksOf({ channel: radio, programme: null, momentMs: null }, "http://a:8080", ZONE);
  assert.deepEqual([links.channel, links.moment, links.programme], ["http://a:8080/nghe/hyfm", null, null]);
  assert.match(links.embed, /width="480" height="232"/);
});

test("an embedded address is read by its form", () => {
  const none = { channel: null, programme: null, momentMs: null, clip: null, autoplay: false };
  assert.deepEqual(parseEmbedded("/embed/hytv", "", ZONE), { ...none, channel: "hytv" });
  assert.deepEqual(
    parseEmbedded("/embed/hytv/p1", "?t=2026-11-24T19:05:09&autoplay=1", ZONE),
    { ...none, channel: "hytv", programme: "p1", momentMs: Date.parse("2026-11-24T12:05:09Z"), autoplay: true },
  );
  assert.deepEqual(parseEmbedded("/embed/clip/c1", "?autoplay=0", ZONE), { ...none, clip: "c1" });
  for (const path of ["/embed/", "/embed/a/b/c", "/xem/hytv", "/embed/A"]) assert.deepEqual(parseEmbedded(path, "", ZONE), none);
});
