// node --test tests/player_web : the pure modules of the pages around the player.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFavourites, split, toggled } from "../../player_web/src/app/favourites.ts";
import { addressOfPage, parsePage } from "../../player_web/src/app/router.ts";
import { daysAround } from "../../player_web/src/guide/day_chips.ts";
import { lengthText } from "../../player_web/src/pages/recordings.ts";

test("favourites keep the order in which they were starred, each once", () => {
  assert.deepEqual(toggled(["a"], "b"), ["a", "b"]);
  assert.deepEqual(toggled(["a", "b"], "a"), ["b"]);
  const many = Array.from({ length: 200 }, (_, index) => `c${index}`);
  assert.equal(toggled(many, "new").length, 200);
  assert.equal(toggled(many, "new").at(-1), "new");
  assert.equal(toggled(many, "new")[0], "c1");
});

test("whatever was kept, favourites are ids of channels", () => {
  assert.deepEqual(parseFavourites('["b","a","b"]'), ["b", "a"]);
  for (const text of [null, "", "{", "null", "5", '{"a":1}']) assert.deepEqual(parseFavourites(text), []);
  assert.deepEqual(parseFavourites('[1,"<b>","a",null,"A"]'), ["a"]);
});

test("favourites stand first in their order, the others in the station's", () => {
  const channels = ["a", "b", "c", "d"].map((id) => ({ id }));
  const { starred, others } = split(channels, ["d", "gone", "b"]);
  assert.deepEqual(starred.map(({ id }) => id), ["d", "b"]);
  assert.deepEqual(others.map(({ id }) => id), ["a", "c"]);
});

test("each page has an address, and each address is a page", () => {
  const pages = [
    { name: "home" }, { name: "guide", channel: null, day: null }, { name: "guide", channel: null, day: "2026-11-24" },
    { name: "guide", channel: "hytv", day: null }, { name: "guide", channel: "hytv", day: "2026-11-24" },
    { name: "search", query: "" }, { name: "search", query: "thời sự & <b>?" },
    { name: "podcasts", series: null }, { name: "podcasts", series: "nha-nong" }, { name: "clip", id: "ab-1" },
  ];
  for (const page of pages) {
    const [path, query = ""] = addressOfPage(page).split("?");
    assert.deepEqual(parsePage(path, query), page);
  }
  assert.deepEqual(parsePage("/anything", ""), { name: "home" });
  assert.deepEqual(parsePage("/lich", "ngay=2026-13-40"), { name: "guide", channel: null, day: null });
  assert.equal(parsePage("/tim", `q=${"a".repeat(300)}`).query.length, 100);
  assert.equal(parsePage("/tim", "q=Tho%CC%9B%CC%80i").query, "Thời");
});

test("the days to choose from reach back as far as the archive, and hold the one that is asked for", () => {
  const days = daysAround("2026-11-24", 2, "2026-11-24");
  assert.deepEqual([days[0], days.at(-1), days.length], ["2026-11-22", "2026-11-30", 9]);
  assert.equal(daysAround("2026-11-24", 400, "2026-11-24")[0], "2026-11-10");
  assert.equal(daysAround("2026-11-24", 0, "2026-10-01")[0], "2026-10-01");
});

test("lengths are written as players do", () => {
  assert.deepEqual([0, 59.6, 303, 3903].map(lengthText), ["0:00", "1:00", "5:03", "1:05:03"]);
});
