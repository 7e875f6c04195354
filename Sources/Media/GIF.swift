import CFFmpeg

/// Animated GIF files.
public enum GIF {
  /// The bytes of an animated GIF that repeats forever, with a common palette for all frames.
  ///
  /// - Parameters:
  ///   - frames: The frames, at least one, all of the same size, at most 65535 pixels per side.
  ///   - framesPerSecond: Greater than 0. GIF counts in hundredths of a second, and viewers show a frame for at least two
  ///     of them, so the maximum is 50: faster animations play more slowly.
  /// - Throws: `MediaError`.
  public static func data(of frames: [Picture], framesPerSecond: Double) throws(MediaError)
    -> [UInt8]
  {
    try data(of: frames, framesPerSecond: framesPerSecond, name: "the animation")
  }

  /// Writes an animated GIF; see ``data(of:framesPerSecond:)``. The file is written completely or not at all.
  ///
  /// - Throws: `MediaError`.
  public static func write(_ frames: [Picture], to path: String, framesPerSecond: Double)
    throws(MediaError)
  {
    try writeFile(data(of: frames, framesPerSecond: framesPerSecond, name: path), to: path)
  }

  private static func data(of frames: [Picture], framesPerSecond: Double, name: String)
    throws(MediaError) -> [UInt8]
  {
    guard let first = frames.first else { preconditionFailure("a GIF needs a frame") }
    precondition(framesPerSecond > 0, "framesPerSecond must be above 0, not \(framesPerSecond)")
    precondition(
      frames.allSatisfy { $0.width == first.width && $0.height == first.height },
      "the frames of a GIF must have one size")
    let encoder = try Encoder("gif", path: name) { context in
      context.width = Int32(first.width)
      context.height = Int32(first.height)
      context.pix_fmt = AV_PIX_FMT_PAL8
      context.time_base = AVRational(num: 1, den: 100)
    }
    let output = try MemoryOutput(format: "gif", encoder: encoder, name: name)
    var palette = ColorPalette(for: frames)
    let delay = max(100 / framesPerSecond, 2)
    for (index, picture) in frames.enumerated() {
      guard let frame = FrameBuffer(picture, palette: &palette) else {
        throw MediaError(outOfMemory: name, "encoded", .unwritable)
      }
      frame.pointer.pointee.pts = Int64((Double(index) * delay).rounded())
      try encoder.encode(frame) { packet throws(MediaError) in try output.write(packet) }
    }
    try encoder.encode(nil) { packet throws(MediaError) in try output.write(packet) }
    return try output.finish()
  }
}

extension FrameBuffer {
  /// A frame with palette indices.
  fileprivate convenience init?(_ picture: Picture, palette: inout ColorPalette) {
    self.init(width: picture.width, height: picture.height, format: AV_PIX_FMT_PAL8)
    guard let data = pointer.pointee.data.0, let table = pointer.pointee.data.1 else { return nil }
    let stride = Int(pointer.pointee.linesize.0)
    let indices = palette.indices(of: picture)
    for row in 0..<picture.height {
      for column in 0..<picture.width {
        data[row * stride + column] = indices[row * picture.width + column]
      }
    }
    table.withMemoryRebound(to: UInt32.self, capacity: 256) { entries in
      for index in 0..<256 {
        let color = palette.colors[min(index, palette.colors.count - 1)]
        entries[index] =
          0xFF00_0000 | UInt32(color.x) << 16 | UInt32(color.y) << 8 | UInt32(color.z)
      }
    }
  }
}

/// A container with one stream, written to memory.
private final class MemoryOutput {
  private let context: UnsafeMutablePointer<AVFormatContext>
  private let name: String

  init(format: String, encoder: Encoder, name: String) throws(MediaError) {
    var context: UnsafeMutablePointer<AVFormatContext>?
    avformat_alloc_output_context2(&context, nil, format, nil)
    guard let context else {
      throw MediaError(.unwritable, name, "cannot be written: this FFmpeg has no \(format) format")
    }
    self.context = context
    self.name = name
    guard avio_open_dyn_buf(&context.pointee.pb) >= 0,
      let stream = avformat_new_stream(context, nil),
      avcodec_parameters_from_context(stream.pointee.codecpar, encoder.context) >= 0
    else { throw MediaError(outOfMemory: name, "written", .unwritable) }
    stream.pointee.time_base = encoder.context.pointee.time_base
    try check(avformat_write_header(context, nil))
  }

  func write(_ packet: PacketBuffer) throws(MediaError) {
    try check(av_write_frame(context, packet.pointer))
  }

  func finish() throws(MediaError) -> [UInt8] {
    try check(av_write_trailer(context))
    return takeBytes()
  }

  private func takeBytes() -> [UInt8] {
    guard let io = context.pointee.pb else { return [] }
    context.pointee.pb = nil
    var buffer: UnsafeMutablePointer<UInt8>?
    let count = Int(avio_close_dyn_buf(io, &buffer))
    defer { av_free(buffer) }
    return [UInt8](UnsafeBufferPointer(start: buffer, count: max(count, 0)))
  }

  private func check(_ status: Int32) throws(MediaError) {
    guard status >= 0 else {
      throw MediaError(.unwritable, name, "cannot be written: \(ffmpegText(status))")
    }
  }

  deinit {
    _ = takeBytes()
    avformat_free_context(context)
  }
}
