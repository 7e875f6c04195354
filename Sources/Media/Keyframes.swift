import CFFmpeg

/// Distinguishes pictures from which all following ones can be decoded from those that a container or parser only calls
/// keyframes.
///
/// A stream without keyframes (x264's intra refresh) refreshes itself gradually: the flagged pictures are the beginning
/// of a refresh and depend on earlier frames until it is complete.
struct KeyframeCheck {
  private let codec: AVCodecID
  /// The size of the length fields before the units of H.264 and HEVC; zero if start codes separate them.
  private let lengthSize: Int

  init(_ parameters: AVCodecParameters) {
    codec = parameters.codec_id
    let extra = ByteReader(
      bytes: UnsafeRawBufferPointer(
        start: parameters.extradata, count: Int(max(parameters.extradata_size, 0))))
    let place = codec == AV_CODEC_ID_HEVC ? 21 : 4
    lengthSize = extra.uint8(at: 0) == 1 ? (extra.uint8(at: place) ?? 3) & 3 + 1 : 0
  }

  /// True if decoding can begin at a packet that is flagged as a keyframe.
  func canBegin(with packet: PacketBuffer) -> Bool {
    guard packet.pointer.pointee.flags & AV_PKT_FLAG_KEY != 0 else { return false }
    return switch codec {
    case AV_CODEC_ID_H264: isWholeH264(packet)
    case AV_CODEC_ID_HEVC: isWholeHEVC(packet)
    default: true
    }
  }

  /// True if a picture is coded without reference to others.
  func isIntra(_ packet: PacketBuffer) -> Bool {
    if packet.pointer.pointee.flags & AV_PKT_FLAG_KEY != 0 { return canBegin(with: packet) }
    if let properties = avcodec_descriptor_get(codec)?.pointee.props,
      properties & Int32(AV_CODEC_PROP_INTRA_ONLY) != 0
    {
      return true
    }
    return codec == AV_CODEC_ID_H264 && isWholeH264(packet)
  }

  /// True if the packet's frame is referred to by others, but never shown. Only VP8 has packets for such frames alone.
  func isHidden(_ packet: PacketBuffer) -> Bool {
    guard codec == AV_CODEC_ID_VP8, let first = packet.bytes.first else { return false }
    return first & 16 == 0
  }

  private func isWholeHEVC(_ packet: PacketBuffer) -> Bool {
    var units = CodedUnits(packet.bytes, lengthSize: lengthSize)
    while let unit = units.next() {
      guard let first = unit.first else { continue }
      let type = first >> 1 & 63
      // Types from 16 are entry points: BLA, IDR and CRA.
      if type < 32 { return (16...23).contains(type) }
    }
    return false
  }

  private func isWholeH264(_ packet: PacketBuffer) -> Bool {
    var units = CodedUnits(packet.bytes, lengthSize: lengthSize)
    var slices = 0
    while let unit = units.next() {
      guard let first = unit.first else { continue }
      switch first & 31 {
      case 5:
        return true
      case 6:
        if let frames = CodedUnits.recoveryFrames(sei: unit), frames > 0 { return false }
      case 1, 2:
        var bits = CodedBits(CodedBits.unescaped(unit.dropFirst().prefix(24)))
        guard let place = bits.exponentialGolomb(), let type = bits.exponentialGolomb() else {
          return false
        }
        // The second field of a picture may refer to the first.
        if place == 0, slices > 0 { return true }
        // 2 is I and 4 is SI, for this slice or (from 5) for all slices of the picture.
        guard type % 5 == 2 || type % 5 == 4 else { return false }
        slices += 1
      default: break
      }
    }
    return slices > 0
  }
}

/// The units of an H.264 or HEVC packet, without their separators.
private struct CodedUnits {
  private let bytes: UnsafeRawBufferPointer
  private let lengthSize: Int
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer, lengthSize: Int) {
    self.bytes = bytes
    self.lengthSize = lengthSize
    if lengthSize == 0 { offset = start(from: 0) ?? bytes.count }
  }

  mutating func next() -> Slice<UnsafeRawBufferPointer>? {
    guard offset < bytes.count else { return nil }
    if lengthSize > 0 {
      let reader = ByteReader(bytes: bytes)
      guard let length = reader.integer(at: offset, size: lengthSize),
        length <= bytes.count - offset - lengthSize
      else { return nil }
      let begin = offset + lengthSize
      offset = begin + length
      return bytes[begin..<offset]
    }
    let begin = offset
    let following = start(from: begin)
    offset = following ?? bytes.count
    return bytes[begin..<(following.map { $0 - 3 } ?? bytes.count)]
  }

  /// The position after the next start code, 0 0 1.
  private func start(from: Int) -> Int? {
    var index = from
    while index + 2 < bytes.count {
      if bytes[index + 2] > 1 {
        index += 3
      } else if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
        return index + 3
      } else {
        index += 1
      }
    }
    return nil
  }

  /// The number of frames after which a decoder that starts here is correct; nil if the supplemental information does not
  /// contain it.
  static func recoveryFrames(sei unit: Slice<UnsafeRawBufferPointer>) -> Int? {
    let content = CodedBits.unescaped(unit.dropFirst().prefix(4096))
    var offset = 0
    func number() -> Int? {
      var value = 0
      while offset < content.count {
        let byte = Int(content[offset])
        offset += 1
        value += byte
        if byte < 255 { return value }
      }
      return nil
    }
    while let type = number(), let size = number() {
      if type == 6 {
        var bits = CodedBits(content[offset...])
        return bits.exponentialGolomb()
      }
      offset += size
    }
    return nil
  }
}

/// The bits of a unit, the most significant first.
private struct CodedBits {
  private let bytes: ArraySlice<UInt8>
  private var position = 0

  /// Reads bytes that were ``unescaped(_:)``.
  init(_ bytes: some Collection<UInt8>) { self.bytes = ArraySlice(bytes) }

  /// The bytes without the threes that prevent start codes in the content.
  static func unescaped(_ coded: some Sequence<UInt8>) -> [UInt8] {
    var (result, zeros): ([UInt8], Int) = ([], 0)
    for byte in coded {
      if zeros >= 2, byte == 3 {
        zeros = 0
        continue
      }
      zeros = byte == 0 ? zeros + 1 : 0
      result.append(byte)
    }
    return result
  }

  private mutating func bit() -> Int? {
    guard position < 8 * bytes.count else { return nil }
    defer { position += 1 }
    return Int(bytes[bytes.startIndex + position / 8] >> (7 - position % 8) & 1)
  }

  /// An exponential-Golomb number: as many zeros as it has further bits, then the number.
  mutating func exponentialGolomb() -> Int? {
    var zeros = 0
    while let bit = bit(), bit == 0 {
      zeros += 1
      guard zeros < 32 else { return nil }
    }
    var value = 1
    for _ in 0..<zeros {
      guard let bit = bit() else { return nil }
      value = value << 1 | bit
    }
    return value - 1
  }
}
