import Foundation
import TestSupport
import Testing
import Training

/// A command that gives a shell a mount namespace of its own, in which it may mount; nil if this system has none.
private let namespace: [String]? = {
  guard let unshare = program("unshare") else { return nil }
  let command = [unshare, "--map-root-user", "--mount"]
  let works = try? output(
    of: command[0], command.dropFirst() + ["sh", "-ec", "mount -t tmpfs tmpfs /mnt"])
  return works == nil ? nil : command
}()

/// A run whose disk is full.
@Suite struct FullDiskTests {
  /// On a file system that is filled to its last byte the run warns; with room again it finishes, to the numbers of a run
  /// that nothing happened to.
  @Test(.enabled(if: namespace != nil)) func theRunWaitsForRoom() throws {
    let folder = try ScratchFolder()
    let tool = Tool(folder: folder)
    let arguments =
      ["pretrain", "--sources", "synthetic:dead-leaves:22", "--epochs", "4"] + tiny + ["--output"]
    func losses(_ name: String) throws -> [String] {
      let metrics = try Metrics(contentsOf: folder.path + "/\(name)/metrics.jsonl")
      #expect(metrics.summary != nil)
      return metrics.steps.map { "\($0.step) \($0.loss)" }
    }
    #expect(try tool.run(arguments + ["whole"]).status == 0)
    _ = try tool.run(arguments + ["begun"], leaving: "begun", signalling: SIGKILL) {
      (try? folder.bytes("begun/metrics.jsonl"))?.contains(UInt8(ascii: "\n")) ?? false
    }
    for name in ["run", "after"] { _ = folder.file("\(name)/x") }
    // The warning shows that it waits; no time decides.
    let script = """
      cd '\(folder.path)'
      mount -t tmpfs -o size=3m tmpfs run
      cp -R begun/. run
      cat /dev/zero >run/filler 2>cat.log || true
      OMP_NUM_THREADS=1 '\(Tool.path)' pretrain --output run --resume >out.log 2>err.log &
      mosi=$!
      while ! grep -q 'waits for this to end' err.log && kill -0 $mosi; do sleep 0.1; done
      rm run/filler
      wait $mosi
      cp -R run/. after
      """
    let command = try #require(namespace)
    _ = try output(of: command[0], command.dropFirst() + ["sh", "-euc", script])
    let said = String(decoding: try folder.bytes("err.log"), as: UTF8.self)
    #expect(said.contains("warning: there is no room: cannot write run/"), "\(said)")
    #expect(said.contains("the run continues after "), "\(said)")
    #expect(try losses("after") == losses("whole"))
  }
}
