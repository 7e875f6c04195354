import CTorch
import Foundation

/// A table of texts that one process serves over TCP and others read and write (c10d's TCPStore).
///
/// Threads can share it.
public final class Store: @unchecked Sendable {
  // Unchecked: c10d's store locks itself.
  let handle: ct_store
  /// The host that serves the table.
  public let host: String
  /// The TCP port.
  public let port: Int

  /// Connects to a store.
  ///
  /// - Parameters:
  ///   - host: the host of the server.
  ///   - port: the TCP port; 0 lets a server choose a free one.
  ///   - serving: true to serve the table at this port of this machine.
  ///   - prefix: the prefix of every key; only stores with the same prefix see each other's values.
  ///   - timeout: the maximum wait for the server.
  /// - Throws: `TorchError` if there is no server.
  public init(host: String, port: Int, serving: Bool = false, prefix: String, timeout: Duration)
    throws(TorchError)
  {
    var made: ct_store?
    try check(
      "connecting to \(host):\(port)",
      ct_store_create(host, Int32(port), serving, prefix, timeout.milliseconds, &made))
    handle = made!
    self.host = host
    var found: Int32 = 0
    try check("store", ct_store_port(handle, &found))
    self.port = Int(found)
  }

  deinit { ct_store_release(handle) }

  /// - Throws: `TorchError` if the server does not answer.
  public func set(_ key: String, to value: String) throws(TorchError) {
    let bytes = Array(value.utf8)
    try check("set", ct_store_set(handle, key, bytes, Int64(bytes.count)))
  }

  /// The value of a key; nil if nobody has set it yet.
  ///
  /// - Throws: `TorchError` if the server does not answer.
  public func value(of key: String) throws(TorchError) -> String? {
    var data: UnsafeMutableRawPointer?
    var count: Int64 = 0
    try check("get", ct_store_get(handle, key, &data, &count))
    guard let data else { return nil }
    defer { ct_bytes_free(data) }
    return String(decoding: UnsafeRawBufferPointer(start: data, count: Int(count)), as: UTF8.self)
  }
}

extension Duration {
  var milliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
