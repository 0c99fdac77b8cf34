"""What the demo says to people, Vietnamese first, English second.  Sans-I/O."""

from __future__ import annotations

from typing import Final

__all__ = ["STAGES", "render_invitation", "render_stage"]

STAGES: Final[dict[str, tuple[str, str]]] = {
    "services": ("khởi động các dịch vụ", "starting the services"),
    "studios": ("chờ tín hiệu từ các phòng thu", "waiting for the studios' feeds"),
    "on_air": ("chờ chương trình lên sóng", "waiting for the programmes to go on air"),
    "segments": ("chờ đoạn phát đầu tiên", "waiting for the first segments"),
    "stopping": ("đang dừng, xin chờ", "stopping, please wait"),
    "stopped": ("đã dừng, không còn tiến trình nào", "stopped, no process is left"),
}


def render_stage(stage: str, seconds: float) -> str:
    """Return the progress line of a stage."""
    vietnamese, english = STAGES[stage]
    return f"[{seconds:5.1f} s] {vietnamese} … / {english}"


def render_invitation(*, site: str, demo: str, run_dir: str, settings: str, seconds: float) -> str:
    """Return what is printed when everything is on air: addresses, and what to try.

    Args:
        site: Address of the public site, without a final slash.
        demo: Address of the demo's page.
        run_dir: Folder of the sockets, for the operator's commands.
        settings: The generated settings file.
        seconds: How long the start took.
    """
    where = f"--run-dir {run_dir}"
    return f"""
[{seconds:5.1f} s] Đã lên sóng / On air

  Trang xem / viewers' page        {site}/
  Trang thử nghiệm / demo's page   {demo}
  HLS                              {site}/live/hytv/index.m3u8
  HLS độ trễ thấp / low latency    {site}/ll/hytv/index.m3u8
  Phát thanh / radio               {site}/live/hyfm/index.m3u8

Hãy thử:
  1. Mở trang thử nghiệm, bấm "Rút phích" dưới hình STUDIO: chương trình sang DỰ PHÒNG, người xem
     không thấy gián đoạn. Rút cả hai: hình chờ. Cắm lại: sau 10 giây chương trình trở về.
  2. Chọn nguồn bằng tay:  lensong take hytv backup {where}
     Trả lại cho máy:      lensong release hytv {where}
  3. Xem tình trạng:       lensong status {where}
  4. Xem lịch phát sóng:   lensong guide show hytv --settings {settings}
  5. Sửa {settings}
     rồi:                  lensong reload {settings}
  Ctrl-C để dừng.

Try this:
  1. Open the demo's page and press "Unplug" under STUDIO: the programme goes to the backup and no
     viewer notices. Unplug both: the slate. Plug in again: it returns after 10 seconds.
  2. Choose by hand, and give the choice back, with the commands above (take, release).
  3. Look at the state: status. 4. The programme guide: guide show.
  5. Edit the settings, then: reload.
  Ctrl-C stops.
"""
