import CFFmpeg

extension PictureHeader {
  init(jpeg reader: ByteReader) {
    codec = AV_CODEC_ID_MJPEG
    length = reader.count
    isCutOff = true
    var offset = 2
    while let marker = reader.nextMarker(&offset) {
      // In JPEG-LS, these bytes can follow 0xFF in coded samples.
      if codec == AV_CODEC_ID_JPEGLS, marker < 0x80 { continue }
      switch marker {
      case 0xD9:
        isCutOff = components == 0
        length = offset
        return
      case 0xD0...0xD8, 0x01:
        continue
      default:
        break
      }
      guard let size = reader.uint16(at: offset) else { return }
      switch marker {
      case 0xC4, 0xC8, 0xCC:
        break
      case 0xC0...0xCF, 0xF7:
        guard components == 0 else { break }
        switch marker {
        case 0xF7: codec = AV_CODEC_ID_JPEGLS
        case 0xC5...0xC7, 0xCD...0xCF: unsupported = "it is hierarchical"
        case 0xC9...0xCB: unsupported = "it uses arithmetic coding"
        default: break
        }
        height = reader.uint16(at: offset + 3) ?? 0
        width = reader.uint16(at: offset + 5) ?? 0
        components = reader.uint8(at: offset + 7) ?? 0
      case 0xE1:
        if reader.has("Exif\0\0", at: offset + 2), orientation == .upright {
          orientation = Orientation(exif: reader.part(from: offset + 8, length: size - 8))
        }
      case 0xEE:
        hasAdobeSegment = hasAdobeSegment || reader.has("Adobe", at: offset + 2)
      default:
        break
      }
      offset += max(size, 2)
    }
  }
}

extension ByteReader {
  /// The next JPEG marker at or after `offset`, which is moved past it. Skips coded samples, in which 0xFF is followed by
  /// zero or a restart marker.
  fileprivate func nextMarker(_ offset: inout Int) -> Int? {
    while offset + 1 < count {
      guard bytes[offset] == 0xFF else {
        offset += 1
        continue
      }
      let marker = bytes[offset + 1]
      switch marker {
      case 0xFF:
        offset += 1
      case 0x00:
        offset += 2
      default:
        offset += 2
        return Int(marker)
      }
    }
    return nil
  }
}
