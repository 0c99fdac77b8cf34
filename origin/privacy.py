"""The page that tells viewers what is counted of them.  Sans-I/O."""

from __future__ import annotations

from html import escape
from typing import Final

from origin.prepared import Prepared, prepare

__all__ = ["PRIVACY_PATH", "render_privacy"]

PRIVACY_PATH: Final = "/rieng-tu"

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1rem}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem}a{color:LinkText}"
)
_VI: Final = """\
<p>Trang này cho đài biết việc xem có trơn tru không. Đài không hỏi bạn là ai.</p>
<h2>Được đếm</h2><ul>
<li>Số lượt xem và nghe của mỗi kênh, thời gian xem, chất lượng hình.</li>
<li>Mất bao lâu để bắt đầu, có bị dừng không, gặp lỗi nào.</li>
<li>Loại máy: điện thoại, máy tính, TV hay loại khác; không phải máy nào.</li>@tỉnh
<li>Có bao nhiêu trình phát không gửi báo cáo, như VLC hay TV thông minh, đang mở mỗi kênh.</li>
</ul>
<h2>Không được ghi lại</h2><ul>
<li>Tên, tài khoản, cookie, địa chỉ mạng, nơi bạn ở.</li>
<li>Bạn là ai giữa hai lần xem: mỗi lần xem có một tên ngẫu nhiên, mới hoàn toàn.</li></ul>
<h2>Trong bao lâu</h2>
<p>Tên ngẫu nhiên ở trong bộ nhớ đến 90 giây sau tin báo cuối cùng rồi bị xoá. Để chặn kẻ gửi tin
giả, dấu băm \
của địa chỉ mạng được giữ một phút. Để đếm trình phát không gửi báo cáo, một dấu băm khác, \
của địa chỉ mạng và tên trình phát, ở trong bộ nhớ nhiều nhất ba phút; khoá băm đổi mỗi ngày. \
Chỉ các con số cộng lại của cả kênh còn lại,
từng phút, theo chất lượng hình và loại máy.</p>
<h2>Không muốn được đếm</h2>
<p>Bật “Do Not Track” hoặc “Global Privacy Control” trong trình duyệt: trang không \
gửi báo cáo nào và máy chủ không đếm bạn. Bạn vẫn xem như thường.</p>"""
_EN: Final = """\
<p>This page tells the station whether watching goes well. It does not ask who you are.</p>
<h2>What is counted</h2><ul>
<li>How many watch or listen to each channel, for how long, in which quality.</li>
<li>How long the start takes, whether it stalls, which errors are met.</li>
<li>The class of device: phone, computer, TV or other; not which one.</li>@province
<li>How many players that send no reports, such as VLC or smart TVs, play each channel.</li></ul>
<h2>What is not kept</h2><ul>
<li>Your name, account, cookies, network address or place.</li>
<li>Who you are from one viewing to the next: each has a random name of its own.</li></ul>
<h2>For how long</h2>
<p>The random name is in memory until 90 seconds after the last report, then it is gone. Against \
false reports a hash of the network address is held for a minute. To count players that send no \
reports another hash, of network address and player's name, is in memory for three minutes at \
most; its key changes each day. What remains are sums of a whole channel, by minute, quality and \
class of device.</p>
<h2>If you do not want to be counted</h2>
<p>Switch on “Do Not Track” or “Global Privacy Control” in your browser: the page sends no report, \
and the server does not count you. You watch as before.</p>"""


_PROVINCE: Final = {
    "@tỉnh": "\n<li>Tỉnh, đoán theo mạng bạn dùng; địa chỉ mạng bị bỏ ngay sau đó.</li>",
    "@province": "\n<li>The province, guessed from your network; its address is dropped at once."
    "</li>",
}
"""Said where provinces are counted."""


def render_privacy(station: str, *, with_provinces: bool = False) -> Prepared:
    """Return the page, Vietnamese first.

    Args:
        station: The station's name, plain text.
        with_provinces: The audience is counted by province too.
    """
    title = f"Quyền riêng tư · {station}"
    text = (
        '<!doctype html><html lang="vi"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>"
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{_VI}"
        f'<section lang="en"><h1>Privacy</h1>{_EN}</section>'
        '<p><a href="/">← Trang chủ / Home</a></p></main></body></html>\n'
    )
    for mark, said in _PROVINCE.items():
        text = text.replace(mark, said if with_provinces else "")
    return prepare(
        text.encode(),
        content_type="text/html; charset=utf-8",
        cache_control="max-age=300",
        handler="static",
        channel="",
        extra=(("Content-Security-Policy", _POLICY), ("Referrer-Policy", "same-origin")),
    )
