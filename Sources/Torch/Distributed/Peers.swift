import Foundation
import Synchronization

/// Says once a second, in the store, that this process lives. On a thread and a connection of its own, so that neither a
/// long step nor an exchange that hangs keeps it from doing so.
final class Heartbeat: Sendable {
  private let isStopped = Atomic(false)

  init(of place: ProcessPlace) {
    let thread = Thread { [self] in
      var beat = 0
      var store: Store?
      while !isStopped.load(ordering: .relaxed) {
        beat += 1
        if store == nil {
          store = try? Store(
            host: place.host, port: place.port, prefix: place.prefix, timeout: .seconds(30))
        }
        do { try store?.set(Peers.beat(of: place.rank), to: "\(beat)") } catch { store = nil }
        Thread.sleep(forTimeInterval: Self.period)
      }
    }
    thread.start()
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Seconds.
  static let period = 1.0
}

/// What processes say of themselves in the store, and what follows from it when an exchange has failed.
struct Peers: Sendable {
  private let place: ProcessPlace
  private let store: Store
  private let timeout: Duration

  /// How long finding out who is missing may take, of the time that a person gives the others.
  static func patience(within timeout: Duration) -> Duration { min(.seconds(10), timeout * 0.4) }

  init(of place: ProcessPlace, in store: Store, timeout: Duration) {
    self.place = place
    self.store = store
    self.timeout = timeout
  }

  static func name(of rank: Int) -> String { "name/\(rank)" }
  static func beat(of rank: Int) -> String { "beat/\(rank)" }
  /// Why a process has left of its own accord.
  static func departure(of rank: Int) -> String { "departure/\(rank)" }
  /// What a process has found out about an exchange that failed.
  private static let finding = "finding"

  /// The sentence about an exchange that failed with `error`: who left, has died or does not answer.
  func failure(of error: TorchError) -> PeerFailure {
    // Reading from a store whose machine has vanished can wait forever.
    let found = Mutex<String?>(nil)
    let isDone = DispatchSemaphore(value: 0)
    let thread = Thread { [self] in
      let text = finding()
      found.withLock { $0 = text }
      isDone.signal()
    }
    thread.start()
    let isInTime =
      isDone.wait(
        timeout: .now() + Self.patience(within: timeout) / .seconds(1)) == .success
    if isInTime, let text = found.withLock({ $0 }) { return PeerFailure(text) }
    return PeerFailure(
      isInTime
        ? "an exchange with the other processes failed though all of them answer (it may take \(Int(timeout / .seconds(1))) s): "
          + error.firstLine
        : unreachable)
  }

  private var unreachable: String {
    "the store at \(place.host):\(place.port) does not answer: "
      + (place.rank == 0 ? "the launcher" : "rank 0 or the launcher")
      + " has ended, or its machine cannot be reached"
  }

  /// nil if nobody is missing.
  private func finding() -> String? {
    do throws(TorchError) {
      func beats() throws(TorchError) -> [String?] {
        var all: [String?] = []
        for rank in 0..<place.count { all.append(try store.value(of: Self.beat(of: rank))) }
        return all
      }
      func departed() throws(TorchError) -> String? {
        if let finding = try store.value(of: Self.finding) { return finding }
        for rank in 0..<place.count where rank != place.rank {
          if let reason = try store.value(of: Self.departure(of: rank)) {
            return "\(try name(of: rank)) has left: \(reason)"
          }
        }
        return nil
      }
      if let text = try departed() { return text }
      let before = try beats()
      Thread.sleep(forTimeInterval: 3 * Heartbeat.period)
      if let text = try departed() { return text }
      let after = try beats()
      let silent = after.indices.filter { $0 != place.rank && before[$0] == after[$0] }
      guard let first = silent.first else { return nil }
      let names =
        try name(of: first) + (silent.count > 1 ? " and \(silent.count - 1) others" : "")
      let text = "\(names) \(silent.count > 1 ? "have" : "has") died or cannot be reached"
      // Those who leave because of it are not what the next ones should name.
      try store.set(Self.finding, to: text)
      return text
    } catch {
      return unreachable
    }
  }

  private func name(of rank: Int) throws(TorchError) -> String {
    let place = try store.value(of: Self.name(of: rank))
    return "rank \(rank)" + (place.map { " (\($0))" } ?? "")
  }
}
