import CTorch
import Foundation

/// The processes of a training, which exchange tensors (c10d's process group; Gloo on CPUs, NCCL on CUDA devices if
/// libtorch was compiled with it).
///
/// Every process must call the same methods in the same order with tensors of the same shapes: a call returns when all
/// processes have called it. If a process dies, the calls of the others throw ``PeerFailure``.
///
/// Unchecked: used by one thread at a time, because the order of calls matters.
public final class ProcessGroup: @unchecked Sendable {
  /// The number of this process, from 0.
  public var rank: Int { place.rank }
  /// The number of processes.
  public var count: Int { place.count }
  /// The place of this process.
  public let place: ProcessPlace
  /// The device of the exchanged gradients.
  public let device: Device
  private let handle: ct_process_group
  private let store: Store
  private let heartbeat: Heartbeat
  private let timeout: Duration

  /// True if tensors on CUDA devices are exchanged by NCCL; otherwise they are copied through the hosts' memory.
  public static var hasNCCL: Bool { ct_has_nccl() }

  /// The default for the maximum duration of an exchange.
  public static let defaultTimeout = Duration.seconds(600)

  /// Joins the other processes.
  ///
  /// - Parameters:
  ///   - place: the place of this process, and the address of the store.
  ///   - device: the device of this process's gradients.
  ///   - timeout: the maximum wait for the others, here and in each exchange, including the time to find out who is
  ///     missing.
  /// - Throws: ``PeerFailure`` if the others do not join in time.
  public init(at place: ProcessPlace, device: Device, timeout: Duration = defaultTimeout)
    throws(PeerFailure)
  {
    self.place = place
    self.device = device
    self.timeout = timeout
    let (address, isInterface) = Self.localAddress(towards: place)
    do throws(TorchError) {
      store = try Store(
        host: place.host, port: place.port, serving: place.servesStore,
        prefix: place.prefix, timeout: timeout)
      try store.set(
        Peers.name(of: place.rank),
        to:
          "\(ProcessInfo.processInfo.hostName), process \(ProcessInfo.processInfo.processIdentifier)"
      )
      var made: ct_process_group?
      try check(
        "joining",
        ct_process_group_create(
          store.handle, Int32(place.rank), Int32(place.count), address, isInterface, device.cValue,
          (timeout - Peers.patience(within: timeout)).milliseconds, &made))
      handle = made!
    } catch {
      throw PeerFailure(
        "rank \(place.rank) of \(place.count) cannot meet the others through \(place.host):\(place.port) within "
          + "\(timeout.seconds) s: \(error.firstLine)")
    }
    heartbeat = Heartbeat(of: place)
  }

  deinit {
    heartbeat.stop()
    ct_process_group_release(handle)
  }

  /// The address under which other hosts reach this one: the interface of `GLOO_SOCKET_IFNAME`, or the one from which
  /// packets to the store leave. The name of the host often means only the loopback interface.
  private static func localAddress(towards place: ProcessPlace) -> (String, isInterface: Bool) {
    if let name = ProcessInfo.processInfo.environment["GLOO_SOCKET_IFNAME"], !name.isEmpty {
      return (name, true)
    }
    return (localAddressOfRoute(to: place.host, port: place.port) ?? "127.0.0.1", false)
  }
}

// MARK: - Exchanges

extension ProcessGroup {
  /// How the elements of several processes are combined.
  public enum Reduction: Sendable {
    /// The sum.
    case sum
    /// The minimum.
    case least
    /// The maximum.
    case greatest

    fileprivate var cValue: ct_reduction {
      switch self {
      case .sum: CT_REDUCE_SUM
      case .least: CT_REDUCE_MIN
      case .greatest: CT_REDUCE_MAX
      }
    }
  }

  /// Replaces the elements of `tensor` (contiguous, of numbers, with the same shape in every process) by their sum over
  /// all processes, or by the given `reduction`. All processes get the same bits.
  ///
  /// - Throws: ``PeerFailure`` if another process fails.
  public func reduce(_ tensor: Tensor, by reduction: Reduction = .sum) throws(PeerFailure) {
    try exchanging { () throws(TorchError) in
      try check("reduce", ct_all_reduce(handle, tensor.handle, reduction.cValue))
    }
  }

  /// The sum of `tensor` over all processes, in the same shape, recorded by autograd: the gradient of each process's
  /// tensor is the sum of the gradients of all processes' results. A failure ends the program through
  /// ``TorchError/onFailure(_:)``.
  public func sum(_ tensor: Tensor) -> Tensor {
    var result: ct_tensor?
    do {
      try exchanging { () throws(TorchError) in
        try check("sum", ct_all_reduce_recorded(handle, tensor.handle, &result))
      }
    } catch {
      TorchError(kind: .peer, call: "sum", message: error.description).fail()
    }
    return Tensor(owning: result!)
  }

  /// Copies the elements of `tensors` from rank 0 to all processes.
  ///
  /// - Throws: ``PeerFailure`` if another process fails.
  public func broadcast(_ tensors: [Tensor]) throws(PeerFailure) {
    try exchanging { () throws(TorchError) in
      let handles = tensors.map { Optional($0.handle) }
      try check(
        "broadcast",
        withExtendedLifetime(tensors) { ct_broadcast(handle, handles, Int32(handles.count), 0) })
    }
  }

  /// The tensors `tensor` of all processes, by rank; they have the same shape.
  ///
  /// - Throws: ``PeerFailure`` if another process fails.
  public func gather(_ tensor: Tensor) throws(PeerFailure) -> [Tensor] {
    var results = [ct_tensor?](repeating: nil, count: count)
    try exchanging { () throws(TorchError) in
      try check("gather", ct_all_gather(handle, tensor.handle, &results))
    }
    return results.map { Tensor(owning: $0!) }
  }

  /// The bytes of all processes, by rank; their numbers may differ.
  ///
  /// - Throws: ``PeerFailure`` if another process fails.
  public func gather(_ bytes: [UInt8]) throws(PeerFailure) -> [[UInt8]] {
    let counts = try gather(Tensor([bytes.count])).map { Int($0.item) }
    let longest = counts.max()!
    guard longest > 0 else { return counts.map { _ in [] } }
    let padded = bytes + [UInt8](repeating: 0, count: longest - bytes.count)
    return zip(counts, try gather(Tensor(padded))).map { count, tensor in
      Array(tensor.array(of: UInt8.self).prefix(count))
    }
  }

  /// Runs an exchange, and describes an error by a sentence that names the missing process.
  func exchanging(_ body: () throws(TorchError) -> Void) throws(PeerFailure) {
    do throws(TorchError) {
      try body()
    } catch {
      guard error.kind == .peer else { throw PeerFailure("\(error)") }
      throw Peers(of: place, in: store, timeout: timeout).failure(of: error)
    }
  }

  /// Tells the others why this process leaves, for their error message. Best effort.
  public func leave(because reason: String) {
    try? store.set(Peers.departure(of: rank), to: reason)
  }
}

extension ProcessGroup {
  func makeReducer(_ parameters: [Tensor], bucketBytes: Int) throws(PeerFailure) -> ct_reducer {
    var made: ct_reducer?
    let handles = parameters.map { Optional($0.handle) }
    try exchanging { () throws(TorchError) in
      try check(
        "GradientReducer",
        withExtendedLifetime(parameters) {
          ct_reducer_create(handle, handles, Int32(handles.count), Int64(bucketBytes), &made)
        })
    }
    return made!
  }
}

/// The error if another process has died, has left or cannot be reached; one sentence that names it.
public struct PeerFailure: Error, Sendable, CustomStringConvertible {
  /// A sentence that names the process.
  public let description: String

  init(_ description: String) { self.description = description }
}

extension Duration {
  fileprivate var seconds: Int { Int(self / .seconds(1)) }
}
