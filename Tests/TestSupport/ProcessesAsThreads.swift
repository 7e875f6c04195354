import Foundation
import Synchronization
import Testing
import Torch

/// Runs `body` as each of `count` processes of a group, here threads, and returns what they return, by rank.
public func inGroup<Result: Sendable>(
  of count: Int, timeout: Duration = .seconds(60),
  _ body: @escaping @Sendable (ProcessGroup) throws -> Result
) throws -> [Result] {
  let agent = try Store(
    host: "127.0.0.1", port: 0, serving: true, prefix: "agent", timeout: .seconds(10))
  let results = Mutex<[Int: Swift.Result<Result, any Error>]>([:])
  let isDone = DispatchSemaphore(value: 0)
  for rank in 0..<count {
    let place = try #require(
      try ProcessPlace(environment: [
        "RANK": "\(rank)", "WORLD_SIZE": "\(count)", "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "\(agent.port)", "TORCHELASTIC_USE_AGENT_STORE": "True",
      ]))
    Thread {
      let result = Swift.Result {
        try body(try ProcessGroup(at: place, device: .cpu, timeout: timeout))
      }
      results.withLock { $0[rank] = result }
      isDone.signal()
    }.start()
  }
  for _ in 0..<count { isDone.wait() }
  return try withExtendedLifetime(agent) {
    try (0..<count).map { rank in try results.withLock { try $0[rank]!.get() } }
  }
}
