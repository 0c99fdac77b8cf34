"""origin.privacy: what viewers are told of what is counted."""

from __future__ import annotations

from origin.privacy import render_privacy


def test_the_page_is_vietnamese_first_and_names_how_not_to_be_counted() -> None:
    page = render_privacy("Đài <Hưng Yên>")
    text = b"".join(page.body).decode()
    assert "Đài &lt;Hưng Yên&gt;" in text
    assert "<Hưng" not in text
    assert text.index("Được đếm") < text.index("What is counted")
    assert text.count("Do Not Track") == text.count("Global Privacy Control") == 2
    headers = dict(page.headers)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Set-Cookie" not in headers
    assert "<script" not in text


def test_viewers_are_told_that_the_class_of_their_device_is_counted() -> None:
    page = b"".join(render_privacy("Đài").body).decode()
    assert "Loại máy: điện thoại, máy tính, TV" in page
    assert "The class of device: phone, computer, TV or other" in page


def test_provinces_are_told_of_where_they_are_counted() -> None:
    with_it = b"".join(render_privacy("Đài", with_provinces=True).body).decode()
    without = b"".join(render_privacy("Đài").body).decode()
    assert "Tỉnh, đoán theo mạng" in with_it
    assert "The province, guessed" in with_it
    assert "Tỉnh" not in without
    assert "province" not in without
    assert "@" not in with_it + without


def test_viewers_are_told_that_players_without_reports_are_counted() -> None:
    page = b"".join(render_privacy("Đài").body).decode()
    assert "một dấu băm khác, của địa chỉ mạng và tên trình phát" in page
    assert "another hash, of network address and player's name" in page
    assert "trình phát không gửi báo cáo, như VLC hay TV thông minh" in page
