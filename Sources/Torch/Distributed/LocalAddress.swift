import Foundation

/// The numeric address from which this machine sends to `host`; nil if the host has no address or no route leads there.
/// Nothing is sent.
func localAddressOfRoute(to host: String, port: Int) -> String? {
  var hints = addrinfo()
  #if canImport(Glibc)
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
  #else
    hints.ai_socktype = SOCK_DGRAM
  #endif
  var list: UnsafeMutablePointer<addrinfo>?
  guard getaddrinfo(host, String(port), &hints, &list) == 0, let target = list else { return nil }
  defer { freeaddrinfo(list) }
  let descriptor = socket(target.pointee.ai_family, target.pointee.ai_socktype, 0)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  // Connecting a datagram socket only chooses the route.
  guard connect(descriptor, target.pointee.ai_addr, target.pointee.ai_addrlen) == 0 else {
    return nil
  }
  var own = sockaddr_storage()
  var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
  var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
  let isFound = withUnsafeMutablePointer(to: &own) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      getsockname(descriptor, $0, &length) == 0
        && getnameinfo($0, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
    }
  }
  return isFound
    ? String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
}
