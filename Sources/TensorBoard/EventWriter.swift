import Foundation
import SafeFiles
import SwiftProtobuf

/// Why an event file cannot be written.
public enum EventFileError: Error, Equatable, CustomStringConvertible {
  /// The file cannot be made.
  case cannotCreate(path: String, reason: String)
  /// The file cannot be written.
  case cannotWrite(path: String, reason: String)
  /// The writer was closed.
  case closed(path: String)

  public var description: String {
    switch self {
    case .cannotCreate(let path, let reason):
      "Cannot create the TensorBoard event file \(path): \(reason) Choose a folder that can be written."
    case .cannotWrite(let path, let reason):
      "Cannot write the TensorBoard event file \(path): \(reason) "
        + "Curves resume when it can be written again, for instance when there is space on the disk."
    case .closed(let path):
      "The TensorBoard event file \(path) is closed already: open a new writer for more events."
    }
  }
}

/// Writes an event file for TensorBoard: curves, pictures and histograms by training step.
///
/// Events are collected in memory and written to the file every few seconds, at `flush()` and at `close()`. After a
/// failure, the file contains only complete records; the events are kept, up to 16 MiB, and written again with the next
/// write. A caller may therefore report an error once and continue.
///
/// Only one task at a time may use a writer.
public final class EventWriter {
  /// The path of the event file.
  public let file: String

  private var handle: FileHandle?
  /// Framed records that are not in the file yet.
  private var pending = Data()
  /// The length of the file up to the last complete record, in bytes.
  private var length: UInt64 = 0
  private var lastWrite = ContinuousClock.now

  private static let mostPending = 16 << 20
  private static let interval = Duration.seconds(5)

  /// Makes a new file in `folder`, which is made if it does not exist. TensorBoard reads the files of a folder in the
  /// order of their names, which is here the order of time.
  ///
  /// - Throws: `EventFileError.cannotCreate`, `EventFileError.cannotWrite`.
  public init(folder: String) throws(EventFileError) {
    let now = Date().timeIntervalSince1970
    // The order of the names stays that of time if the clock was set back.
    let seconds = max(Int(now), Self.latestSecond(in: folder).map { $0 + 1 } ?? 0)
    let micros = Int((now - now.rounded(.down)) * 1e6)
    let pid = ProcessInfo.processInfo.processIdentifier
    let unique = zeroPadded(micros, to: 6) + "." + String(pid)
    file = "\(folder)/events.out.tfevents.\(zeroPadded(seconds, to: 10)).\(hostName()).\(unique)"
    do {
      try makeFolder(at: folder)
    } catch {
      throw .cannotCreate(path: file, reason: error.reason + ".")
    }
    let descriptor = openFile(at: file, O_WRONLY | O_CREAT | O_EXCL)
    guard descriptor >= 0 else {
      throw .cannotCreate(path: file, reason: String(cString: strerror(errno)) + ".")
    }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    // TensorBoard respects `markRestart` only in version 2.
    try append(step: 0, .fileVersion("brain.Event:2"))
    try flush()
  }

  deinit {
    try? close()
  }

  /// The greatest time in the names of the event files of `folder`; nil if there are none.
  private static func latestSecond(in folder: String) -> Int? {
    ((try? entries(ofFolder: folder)) ?? []).compactMap { entry in
      let prefix = "events.out.tfevents."
      guard entry.name.hasPrefix(prefix) else { return nil }
      return Int(entry.name.dropFirst(prefix.count).prefix { $0 != "." })
    }.max()
  }

  /// Adds the point (`step`, `value`) to the curve `tag`. A slash in the tag groups curves.
  ///
  /// - Throws: `EventFileError`.
  public func scalar(_ tag: String, _ value: Float, step: Int) throws(EventFileError) {
    try append(tag, .simpleValue(value), step: step)
  }

  /// Adds a picture. `png` is a complete PNG file of RGB pixels; `width` and `height` are its size.
  ///
  /// - Throws: `EventFileError`.
  public func image(_ tag: String, png: Data, width: Int, height: Int, step: Int)
    throws(EventFileError)
  {
    var image = TBSummary.Image()
    image.width = Int32(clamping: width)
    image.height = Int32(clamping: height)
    image.colorspace = 3
    image.encodedImageString = png
    try append(tag, .image(image), step: step)
  }

  /// Adds the distribution of `values`, in 64 equal buckets from the minimum to the maximum. Values that are not finite
  /// are ignored; if none is left, nothing is written.
  ///
  /// - Throws: `EventFileError`.
  public func histogram(_ tag: String, values: [Float], step: Int) throws(EventFileError) {
    guard let histogram = TBHistogramProto(of: values) else { return }
    try append(tag, .histo(histogram), step: step)
  }

  /// Records that training restarts at `step`: TensorBoard drops later events that the run wrote before it was stopped,
  /// including those at `step`.
  ///
  /// - Throws: `EventFileError`.
  public func markRestart(step: Int) throws(EventFileError) {
    var log = TBSessionLog()
    log.status = .start
    // Write it twice: TensorBoard does not treat a run's first start as a restart, except in its older reader.
    for _ in 0..<2 { try append(step: step, .sessionLog(log)) }
  }

  /// Writes all events to the file.
  ///
  /// - Throws: `EventFileError.cannotWrite`, `EventFileError.closed`.
  public func flush() throws(EventFileError) {
    guard let handle else { throw .closed(path: file) }
    lastWrite = .now
    guard !pending.isEmpty else { return }
    do {
      try handle.write(contentsOf: pending)
    } catch {
      // Readers stop permanently at an incomplete record that is followed by another one.
      try? handle.truncate(atOffset: length)
      try? handle.seek(toOffset: length)
      if pending.count > Self.mostPending { pending.removeAll() }
      throw .cannotWrite(path: file, reason: sentence(error))
    }
    length += UInt64(pending.count)
    pending.removeAll(keepingCapacity: true)
  }

  /// Writes all events to the file and closes it. A second call does nothing.
  ///
  /// - Throws: `EventFileError.cannotWrite`; the file is closed nevertheless.
  public func close() throws(EventFileError) {
    guard let handle else { return }
    defer {
      try? handle.close()
      self.handle = nil
    }
    try flush()
  }

  private func append(_ tag: String, _ value: TBSummary.Value.OneOf_Value, step: Int)
    throws(EventFileError)
  {
    var entry = TBSummary.Value()
    entry.tag = tag
    entry.value = value
    var summary = TBSummary()
    summary.value = [entry]
    try append(step: step, .summary(summary))
  }

  private func append(step: Int, _ what: TBEvent.OneOf_What) throws(EventFileError) {
    guard handle != nil else { throw .closed(path: file) }
    var event = TBEvent()
    event.wallTime = Date().timeIntervalSince1970
    event.step = Int64(step)
    event.what = what
    do {
      pending.append(record(try event.serializedData()))
    } catch {
      throw .cannotWrite(path: file, reason: sentence(error))
    }
    if pending.count > 1 << 20 || ContinuousClock.now - lastWrite > Self.interval {
      try flush()
    }
  }
}

/// A TFRecord, little-endian: length, its masked checksum, the payload, its masked checksum.
private func record(_ payload: Data) -> Data {
  func bytes(_ value: some FixedWidthInteger) -> Data {
    withUnsafeBytes(of: value.littleEndian) { Data($0) }
  }
  let length = bytes(UInt64(payload.count))
  return length + bytes(CRC32C.masked(length)) + payload + bytes(CRC32C.masked(payload))
}

extension TBHistogramProto {
  /// The histogram of the finite values; nil if there are none.
  fileprivate init?(of values: [Float]) {
    let values = values.filter(\.isFinite).map(Double.init)
    guard let least = values.min(), let greatest = values.max() else { return nil }
    self.init()
    min = least
    max = greatest
    num = Double(values.count)
    sum = values.reduce(0, +)
    sumSquares = values.reduce(0) { $0 + $1 * $1 }
    let count = least < greatest ? 64 : 1
    let scale = least < greatest ? Double(count) / (greatest - least) : 0
    var buckets = [Double](repeating: 0, count: count)
    for value in values {
      buckets[Swift.min(Int((value - least) * scale), count - 1)] += 1
    }
    bucket = buckets
    bucketLimit = (1...count).map {
      $0 == count ? greatest : least + (greatest - least) * Double($0) / Double(count)
    }
  }
}

private func zeroPadded(_ number: Int, to digits: Int) -> String {
  let text = String(number)
  return String(repeating: "0", count: max(digits - text.count, 0)) + text
}

/// This machine's name, in letters that are valid in a file name. (Foundation would ask the name service.)
private func hostName() -> String {
  var buffer = [CChar](repeating: 0, count: 256)
  guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
  let letters = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  let name = String(decoding: letters, as: UTF8.self).map {
    $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") ? $0 : "-"
  }
  return name.isEmpty ? "localhost" : String(name)
}

/// The system's message as a sentence.
private func sentence(_ error: any Error) -> String {
  let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
  var text = cause.localizedDescription
  if cause.domain == NSPOSIXErrorDomain { text = String(cString: strerror(Int32(cause.code))) }
  return text.hasSuffix(".") ? text : text + "."
}
