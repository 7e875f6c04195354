#ifndef CFFMPEG_SHIM_H
#define CFFMPEG_SHIM_H
#include <errno.h>
#include <stdarg.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

// Macros that Swift cannot import, and fields that moved between FFmpeg 5 and 7.

static inline int cff_error_eof(void) { return AVERROR_EOF; }
static inline int cff_error_again(void) { return AVERROR(EAGAIN); }
static inline int cff_error_not_permitted(void) { return AVERROR(EACCES); }
static inline int cff_error_unsupported(void) { return AVERROR_PATCHWELCOME; }
static inline int64_t cff_no_timestamp(void) { return AV_NOPTS_VALUE; }

static inline int64_t cff_frame_duration(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_MAJOR >= 58
  return frame->duration;
#else
  return frame->pkt_duration;
#endif
}

/// The 3x3 display matrix of a stream, or NULL.
static inline const int32_t *cff_display_matrix(const AVStream *stream) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
  const AVPacketSideData *side =
      av_packet_side_data_get(stream->codecpar->coded_side_data,
                              stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  return side && side->size >= 36 ? (const int32_t *)side->data : NULL;
#else
  size_t size = 0;
  const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return data && size >= 36 ? (const int32_t *)data : NULL;
#endif
}

/// Prints nothing, and counts the errors of a decoder whose `opaque` points to an `int`.
static inline void cff_log(void *context, int level, const char *format, va_list arguments) {
  (void)format, (void)arguments;
  if (!context || level > AV_LOG_ERROR || *(const AVClass **)context != avcodec_get_class()) return;
  int *errors = (int *)((AVCodecContext *)context)->opaque;
  if (errors) ++*errors;
}

static inline void cff_silence_log(void) { av_log_set_callback(cff_log); }
#endif
