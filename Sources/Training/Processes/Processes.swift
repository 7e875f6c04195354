import Foundation
import Torch

/// The processes that train or evaluate a network together, including this one. A process that is alone exchanges
/// nothing.
///
/// Every process must call the same methods in the same order.
public struct Processes: Sendable {
  /// Nil for a process that is alone.
  let group: ProcessGroup?

  /// The processes of `group`; nil for a process that is alone.
  public init(_ group: ProcessGroup?) { self.group = group }

  /// A process that is alone.
  public static let alone = Processes(nil)

  /// The number of this process, from 0.
  public var rank: Int { group?.rank ?? 0 }
  /// The number of processes.
  public var count: Int { group?.count ?? 1 }
  /// True for the process that writes files and prints messages.
  public var isFirst: Bool { rank == 0 }

  /// True if this process computes a batch, counted from 0: the processes take turns.
  func owns(batch: Int) -> Bool { batch % count == rank }

  /// Deals pieces of work out to the processes in turn, and calls `body` for those of this process. After each turn the
  /// processes agree whether to continue: an error in one of them ends the work of all, of the others with
  /// ``StopRequested``.
  ///
  /// - Parameters:
  ///   - count: the number of pieces.
  ///   - body: called with the index of a piece, from 0.
  /// - Throws: errors of `body`, ``StopRequested``, `PeerFailure`.
  func deal(_ count: Int, _ body: (_ index: Int) throws -> Void) throws {
    for first in stride(from: 0, to: count, by: self.count) {
      var failure: (any Error)?
      if first + rank < count {
        do { try body(first + rank) } catch { failure = error }
      }
      if try any(failure != nil) { throw failure ?? StopRequested() }
    }
  }

  /// True for each of `flags` that is true in any process.
  ///
  /// - Throws: `PeerFailure`.
  func any(_ flags: [Bool]) throws -> [Bool] {
    try greatest(flags.map { $0 ? 1 : 0 }).map { $0 != 0 }
  }

  func any(_ flag: Bool) throws -> Bool { try any([flag])[0] }

  /// The maximum of each of `numbers` over all processes.
  ///
  /// - Throws: `PeerFailure`.
  func greatest(_ numbers: [Int]) throws -> [Int] {
    guard let group else { return numbers }
    let tensor = Tensor(numbers)
    try group.reduce(tensor, by: .greatest)
    return tensor.array(of: Int.self)
  }

  /// Runs `body` in the first process and returns its result in all. The first process throws the errors of `body`; the
  /// others are informed when it leaves.
  ///
  /// - Throws: `PeerFailure`, and errors of `body`.
  public func fromFirst<Value: Codable>(_ body: () throws -> Value) throws -> Value {
    guard let group else { return try body() }
    let bytes = try group.gather(isFirst ? [UInt8](JSONEncoder().encode([body()])) : [])[0]
    return try JSONDecoder().decode([Value].self, from: Data(bytes))[0]
  }

  /// Returns when all processes have called it.
  ///
  /// - Throws: `PeerFailure`.
  public func wait() throws { _ = try any(false) }

  /// The values of all processes, by rank.
  ///
  /// - Throws: `PeerFailure`.
  func gather<Value: Codable>(_ value: Value) throws -> [Value] {
    guard let group else { return [value] }
    return try group.gather([UInt8](JSONEncoder().encode([value])))
      .map { try JSONDecoder().decode([Value].self, from: Data($0))[0] }
  }

  /// The numbers of all processes, bit for bit, by rank.
  ///
  /// - Throws: `PeerFailure`.
  func gather(_ numbers: [Double]) throws -> [[Double]] {
    guard let group else { return [numbers] }
    return try group.gather(numbers.withUnsafeBytes { [UInt8]($0) }).map { bytes in
      bytes.withUnsafeBytes { bytes in
        (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
      }
    }
  }

  /// Copies the tensors of the first process to all.
  ///
  /// - Throws: `PeerFailure`.
  func share(_ states: [StateDictionary]) throws {
    try withoutGradients { try group?.broadcast(states.flatMap { $0.map(\.tensor) }) }
  }

  /// Checks that the tensors are the same in all processes, bit for bit.
  ///
  /// - Throws: ``ProcessesDiverged``, `PeerFailure`.
  func checkEqual(_ state: StateDictionary) throws {
    guard let group, !state.isEmpty else { return }
    let sums = withoutGradients { Tensor.stacked(state.map { $0.tensor.bitSum.to(.cpu) }) }
    let (least, greatest) = (sums.clone(), sums.clone())
    try group.reduce(least, by: .least)
    try group.reduce(greatest, by: .greatest)
    let pairs = zip(least.array(of: Int.self), greatest.array(of: Int.self))
    for (entry, (least, greatest)) in zip(state, pairs) where least != greatest {
      throw ProcessesDiverged(tensor: entry.name)
    }
  }

  /// Checks that a number that follows from the data is the same in all processes.
  ///
  /// - Throws: ``ProcessesDisagree``, `PeerFailure`.
  func checkEqual(_ digest: UInt64, of subject: String) throws {
    let digests = try gather(digest)
    if let other = digests.firstIndex(where: { $0 != digests[0] }) {
      throw ProcessesDisagree(subject: subject, rank: other)
    }
  }
}

/// The networks of the processes are no longer equal, because of a defect or a faulty machine.
public struct ProcessesDiverged: Error, Sendable, CustomStringConvertible {
  let tensor: String
  public var description: String {
    "\(tensor) differs between the processes, which must not happen: a machine may be faulty; the last checkpoint is kept"
  }
}

/// The processes were started with different data.
public struct ProcessesDisagree: Error, Sendable, CustomStringConvertible {
  let subject: String
  let rank: Int
  public var description: String {
    "rank \(rank) finds other \(subject) than rank 0: give each machine the same files under the same paths"
  }
}
