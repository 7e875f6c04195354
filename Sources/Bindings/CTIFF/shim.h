#ifndef CTIFF_SHIM_H
#define CTIFF_SHIM_H
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

// libtiff for a file in memory: its functions for opening files and for tags have variable arguments, which Swift cannot
// call.

/// The size of `ctiff_file.problem`, as libtiff requires.
enum { CTIFF_PROBLEM = 1024 };

/// An open file. Its bytes must outlive it.
typedef struct ctiff_file {
  TIFF *tiff;
  uint8_t *bytes;
  uint64_t size, position;
  /// The number of libtiff's warnings about samples that it could not decode correctly.
  int warnings;
  /// Nonzero if libtiff does not multiply colors by alpha.
  int has_loose_alpha;
  /// The last error.
  char problem[CTIFF_PROBLEM];
} ctiff_file;

static inline tmsize_t ctiff_copy(thandle_t handle, void *target, tmsize_t count) {
  ctiff_file *file = (ctiff_file *)handle;
  uint64_t left = file->position < file->size ? file->size - file->position : 0;
  if (count < 0) return 0;
  if ((uint64_t)count > left) count = (tmsize_t)left;
  memcpy(target, file->bytes + file->position, (size_t)count);
  file->position += (uint64_t)count;
  return count;
}

static inline tmsize_t ctiff_write(thandle_t handle, void *source, tmsize_t count) {
  (void)handle, (void)source, (void)count;
  return -1;
}

static inline toff_t ctiff_seek(thandle_t handle, toff_t offset, int origin) {
  ctiff_file *file = (ctiff_file *)handle;
  if (origin == SEEK_CUR) offset += file->position;
  if (origin == SEEK_END) offset += file->size;
  file->position = offset;
  return offset;
}

static inline int ctiff_close_nothing(thandle_t handle) {
  (void)handle;
  return 0;
}

static inline toff_t ctiff_size(thandle_t handle) { return ((ctiff_file *)handle)->size; }

static inline int ctiff_map(thandle_t handle, void **base, toff_t *size) {
  ctiff_file *file = (ctiff_file *)handle;
  *base = file->bytes;
  *size = file->size;
  return 1;
}

static inline void ctiff_unmap(thandle_t handle, void *base, toff_t size) {
  (void)handle, (void)base, (void)size;
}

#if TIFFLIB_VERSION >= 20221213
static inline int ctiff_error(TIFF *tiff, void *data, const char *module, const char *format,
                              va_list arguments) {
  (void)tiff, (void)module;
  vsnprintf(((ctiff_file *)data)->problem, CTIFF_PROBLEM, format, arguments);
  return 1;
}

static inline int ctiff_warning(TIFF *tiff, void *data, const char *module, const char *format,
                                va_list arguments) {
  (void)tiff, (void)module;
  // libtiff warns about every file of this kind.
  if (strstr(format, "old-style JPEG")) return 1;
  ((ctiff_file *)data)->warnings++;
  vsnprintf(((ctiff_file *)data)->problem, CTIFF_PROBLEM, format, arguments);
  return 1;
}
#endif

static inline void ctiff_close(ctiff_file *file) {
  if (file->tiff) TIFFClose(file->tiff);
  free(file);
}

/// Opens the file with these bytes at its first directory. If `tiff` is NULL, it could not be opened, and
/// `problem` has the reason. Returns NULL if memory is exhausted. Buffers of libtiff have at most `limit`
/// bytes.
static inline ctiff_file *ctiff_open(void *bytes, uint64_t size, uint64_t limit) {
  ctiff_file *file = (ctiff_file *)calloc(1, sizeof(ctiff_file));
  if (!file) return NULL;
  file->bytes = (uint8_t *)bytes;
  file->size = size;
#if TIFFLIB_VERSION >= 20221213
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (!options) return ctiff_close(file), NULL;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)limit);
  TIFFOpenOptionsSetErrorHandlerExtR(options, ctiff_error, file);
  TIFFOpenOptionsSetWarningHandlerExtR(options, ctiff_warning, file);
  file->tiff = TIFFClientOpenExt("TIFF", "r", (thandle_t)file, ctiff_copy, ctiff_write, ctiff_seek,
                                 ctiff_close_nothing, ctiff_size, ctiff_map, ctiff_unmap, options);
  TIFFOpenOptionsFree(options);
#else
  (void)limit;
  TIFFSetErrorHandler(NULL);
  TIFFSetWarningHandler(NULL);
  file->tiff = TIFFClientOpen("TIFF", "r", (thandle_t)file, ctiff_copy, ctiff_write, ctiff_seek,
                              ctiff_close_nothing, ctiff_size, ctiff_map, ctiff_unmap);
#endif
  return file;
}

/// The value of a tag with a single number, or `otherwise` if the file does not contain it.
static inline uint32_t ctiff_number(ctiff_file *file, uint32_t tag, uint32_t otherwise) {
  const TIFFField *field = TIFFFindField(file->tiff, tag, TIFF_ANY);
  uint32_t wide = 0;
  uint16_t narrow = 0;
  if (!field) return otherwise;
  if (TIFFFieldDataType(field) == TIFF_SHORT)
    return TIFFGetFieldDefaulted(file->tiff, tag, &narrow) ? narrow : otherwise;
  return TIFFGetFieldDefaulted(file->tiff, tag, &wide) ? wide : otherwise;
}

/// Nonzero if libtiff can read the samples; otherwise, `problem` has the reason.
static inline int ctiff_can_read(ctiff_file *file) {
  uint32_t compression = ctiff_number(file, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  uint32_t photometric = ctiff_number(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
  uint16_t extra = 0, *kinds = NULL;
  file->problem[0] = 0;
  if (!TIFFIsCODECConfigured((uint16_t)compression)) {
    snprintf(file->problem, CTIFF_PROBLEM, "libtiff has no compression scheme %u", compression);
    return 0;
  }
  // libtiff treats them as unsigned.
  if (ctiff_number(file, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT) == SAMPLEFORMAT_INT) {
    snprintf(file->problem, CTIFF_PROBLEM, "its samples are signed numbers");
    return 0;
  }
  // For gray pictures, it passes alpha through or ignores it.
  file->has_loose_alpha = photometric <= PHOTOMETRIC_MINISBLACK &&
                          TIFFGetField(file->tiff, TIFFTAG_EXTRASAMPLES, &extra, &kinds) &&
                          extra > 0 && kinds[0] == EXTRASAMPLE_UNASSALPHA;
  if (file->has_loose_alpha &&
      (ctiff_number(file, TIFFTAG_BITSPERSAMPLE, 1) != 8 ||
       ctiff_number(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) != PLANARCONFIG_CONTIG)) {
    snprintf(file->problem, CTIFF_PROBLEM, "it is gray with an alpha of its own plane or depth");
    return 0;
  }
  return TIFFRGBAImageOK(file->tiff, file->problem);
}

/// Reads the samples as they are stored, regardless of the orientation, into `raster`, one word per pixel: red is its
/// lowest byte, and colors are multiplied by alpha, the highest, unless
/// `has_loose_alpha`. Returns zero if some could not be decoded.
static inline int ctiff_read(ctiff_file *file, uint32_t *raster) {
  TIFFRGBAImage image;
  int status;
  file->warnings = 0;
  file->problem[0] = 0;
  if (!TIFFRGBAImageBegin(&image, file->tiff, 1, file->problem)) return 0;
  image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;
  status = TIFFRGBAImageGet(&image, raster, image.width, image.height);
  TIFFRGBAImageEnd(&image);
  return status && !file->warnings;
}
#endif
