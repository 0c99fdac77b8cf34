"""Dashboards of what leaves the house: packager and archive, origin.  Sans-I/O."""

from __future__ import annotations

from typing import Final

from monitoring.dashboards.expressions import events, quantile
from monitoring.dashboards.specification import (
    CHANNEL,
    GOOD_BELOW,
    Board,
    Query,
    good_below,
    graph,
)

__all__ = ["ORIGIN", "PACKAGING"]


PACKAGING: Final = Board(
    name="packaging",
    vi="Đóng gói và lưu trữ",
    en="Packager and archive",
    panels=(
        graph(
            "Tuổi đoạn mới nhất",
            "Age of the newest segment",
            "s",
            Query(f"channel:lensong_segment_age_seconds:max{{{CHANNEL}}}", "{{channel}}"),
            steps=good_below(8, 12),
        ),
        graph(
            "Đoạn và phần mỗi giây",
            "Segments and parts a second",
            "short",
            Query(
                f"sum by (channel) (rate(lensong_packager_segments_total{{{CHANNEL}}}[1m]))",
                "{{channel}} đoạn / segments",
            ),
            Query(
                f"sum by (channel) (rate(lensong_packager_parts_total{{{CHANNEL}}}[1m]))",
                "{{channel}} phần / parts",
            ),
        ),
        graph(
            "Xuất bản muộn, p99",
            "Publication's delay, p99",
            "s",
            Query(
                quantile(0.99, "lensong_packager_publish_delay_seconds", "channel, unit"),
                "{{channel}} {{unit}}",
            ),
            steps=good_below(0.2, 0.3),
        ),
        graph(
            "Chỗ trống, gián đoạn, lệch lưới trong 5 phút",
            "Gaps, discontinuities, misaligned in 5 min",
            "short",
            Query(
                "max by (channel) "
                f"(increase(lensong_packager_gap_segments_total{{{CHANNEL}}}[5m]))",
                "{{channel}} trống / gaps",
            ),
            Query(
                events("lensong_packager_discontinuities_total", "channel"),
                "{{channel}} gián đoạn / discontinuities",
            ),
            Query(
                events("lensong_packager_misaligned_segments_total", "channel"),
                "{{channel}} lệch / misaligned",
            ),
            steps=GOOD_BELOW,
        ),
        graph(
            "Đoạn lỗi và phần bị từ chối trong 5 phút",
            "Defects and refused uploads in 5 min",
            "short",
            Query(
                events("lensong_packager_segment_defects_total", "channel, defect"),
                "{{channel}} {{defect}}",
            ),
            Query(
                events("lensong_packager_rejected_uploads_total", "channel, reason"),
                "{{channel}} {{reason}}",
            ),
        ),
        graph(
            "Bộ đệm không ghi được, ảnh nhỏ trong 5 phút",
            "Spool failures, thumbnails in 5 min",
            "short",
            Query(
                events("lensong_packager_spool_failures_total", "channel"),
                "{{channel}} không ghi được / failures",
            ),
            Query(
                events("lensong_packager_thumbnails_total", "channel"),
                "{{channel}} ảnh / thumbnails",
            ),
        ),
        graph(
            "Thời gian ghi một đoạn vào kho",
            "Time to archive a segment",
            "s",
            Query(quantile(0.5, "lensong_archive_write_seconds", "backend", ""), "{{backend}} p50"),
            Query(
                quantile(0.99, "lensong_archive_write_seconds", "backend", ""), "{{backend}} p99"
            ),
            steps=good_below(1, 4),
        ),
        graph(
            "Ghi hỏng, đoạn bỏ trong 5 phút",
            "Failed writes, segments given up in 5 min",
            "short",
            Query(
                "sum by (backend) (increase(lensong_archive_write_errors_total[5m]))",
                "{{backend}} ghi hỏng / failed",
            ),
            Query(
                events("lensong_archive_given_up_segments_total", "channel"),
                "{{channel}} bỏ / given up",
            ),
            steps=GOOD_BELOW,
        ),
        graph(
            "Chỗ trống của kho, phần đang chờ ghi",
            "Free space, and what waits",
            "bytes",
            Query("min by (backend) (lensong_archive_free_bytes)", "{{backend}} trống / free"),
            Query("max(lensong_archive_pending_bytes)", "chờ / waiting"),
        ),
        graph(
            "Đoạn thiếu, lỗ hổng, giờ chưa kiểm",
            "Missing, holes, hours to verify",
            "short",
            Query(
                f"max by (channel) (lensong_archive_missing_segments{{{CHANNEL}}})",
                "{{channel}} thiếu / missing",
            ),
            Query(
                f"max by (channel) (lensong_archive_hole_segments{{{CHANNEL}}})",
                "{{channel}} lỗ hổng / holes",
            ),
            Query(
                f"max by (channel) (lensong_archive_unverified_folders{{{CHANNEL}}})",
                "{{channel}} giờ chưa kiểm / to verify",
            ),
        ),
        graph(
            "Bản lưu lùi về được bao lâu",
            "How far back the archive goes",
            "s",
            Query(
                "time() - min by (channel) "
                f"(lensong_archive_oldest_timestamp_seconds{{{CHANNEL}}} > 0)",
                "{{channel}}",
            ),
        ),
        graph(
            "Giờ lưu đã xoá trong 24 giờ",
            "Hours removed in 24 h",
            "short",
            Query(
                "sum by (channel, why) "
                f"(increase(lensong_archive_removals_total{{{CHANNEL}}}[1d]))",
                "{{channel}} {{why}}",
            ),
        ),
    ),
)

ORIGIN: Final = Board(
    name="origin",
    vi="Máy chủ phát",
    en="Origin",
    panels=(
        graph(
            "Câu trả lời mỗi giây theo mã",
            "Answers a second by code",
            "reqps",
            Query("sum by (code) (rate(lensong_http_requests_total[1m]))", "{{code}}"),
        ),
        graph(
            "Câu trả lời mỗi giây theo loại",
            "Answers a second by handler",
            "reqps",
            Query("sum by (handler) (rate(lensong_http_requests_total[1m]))", "{{handler}}"),
        ),
        graph(
            "Thời gian trả lời, p99",
            "Time to answer, p99",
            "s",
            Query(
                quantile(0.99, "lensong_http_request_duration_seconds", "handler", ""),
                "{{handler}}",
            ),
            steps=good_below(0.1, 1),
        ),
        graph(
            "Băng thông ra",
            "Bandwidth out",
            "bps",
            Query(
                f"sum by (channel) (rate(lensong_http_response_bytes_total{{{CHANNEL}}}[1m])) * 8",
                "{{channel}}",
            ),
        ),
        graph(
            "Yêu cầu đang giữ",
            "Requests held",
            "short",
            Query(
                f"sum by (channel) (lensong_origin_blocked_requests{{{CHANNEL}}})",
                "{{channel}}",
            ),
        ),
        graph(
            "Từ có phần đến lúc trả lời, p99",
            "From the part to the answer, p99",
            "s",
            Query(
                quantile(0.99, "lensong_origin_block_release_seconds", "channel"),
                "{{channel}}",
            ),
            steps=good_below(0.05, 0.1),
        ),
        graph(
            "Yêu cầu bị từ chối trong 5 phút",
            "Requests refused in 5 min",
            "short",
            Query(
                "sum by (reason) (increase(lensong_origin_block_rejected_total[5m]))",
                "giữ / held: {{reason}}",
            ),
            Query(
                events("lensong_origin_empty_answers_total", "channel"),
                "{{channel}} chưa có đoạn nào / no segment yet",
            ),
        ),
        graph(
            "Mép trực tiếp chậm",
            "Lag of the live edge",
            "s",
            Query(
                f"max by (channel) (lensong_origin_live_edge_lag_seconds{{{CHANNEL}}})",
                "{{channel}}",
            ),
            steps=good_below(4, 12),
        ),
        graph(
            "Tra cứu bản lưu",
            "Look-ups in the archive",
            "reqps",
            Query(
                "sum by (tier, result) (rate(lensong_origin_cache_requests_total[5m]))",
                "{{tier}} {{result}}",
            ),
        ),
        graph(
            "Kết nối đang mở",
            "Open connections",
            "short",
            Query("sum by (state) (lensong_origin_connections)", "{{state}}"),
        ),
        graph(
            "Kết nối bị đóng trong 5 phút",
            "Connections closed in 5 min",
            "short",
            Query(
                "sum by (reason) (increase(lensong_origin_connections_rejected_total[5m]))",
                "{{reason}}",
            ),
            Query(
                "sum by (scope) (increase(lensong_origin_rate_limited_total[5m]))",
                "429: {{scope}}",
            ),
        ),
        graph(
            "Thính giả radio qua HTTP, và bị bỏ trong 5 phút",
            "Radio listeners over HTTP, dropped in 5 min",
            "short",
            Query(
                f"sum by (channel, codec) (lensong_radio_listeners{{{CHANNEL}}})",
                "{{channel}} {{codec}}",
            ),
            Query(
                events("lensong_radio_dropped_total", "channel, reason"),
                "{{channel}} bị bỏ / dropped: {{reason}}",
            ),
        ),
    ),
)
