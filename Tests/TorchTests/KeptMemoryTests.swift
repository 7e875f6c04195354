#if os(Linux)
  import Foundation
  import KeyedRandom
  import TestSupport
  import Testing
  import Torch

  /// Memory is that of the process, so these tests run in separate processes.
  @Suite struct KeptMemoryTests {
    private static let mebibyte = 1 << 20

    /// A tensor of this many MiB whose pages are all in use.
    private static func tensor(_ mebibytes: Int, _ value: Double = 1) -> Tensor {
      .full([mebibytes * mebibyte / 4], value)
    }

    private static func field(_ name: String, of file: String) -> Int {
      let text = (try? String(contentsOfFile: "/proc/self/\(file)", encoding: .utf8)) ?? ""
      let line = text.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
      return line.split(separator: " ").compactMap { Int($0) }.first ?? 0
    }

    /// Resident KiB.
    private static var resident: Int { field("VmRSS", of: "status") }

    private static var faults: Int {
      var usage = rusage()
      getrusage(0, &usage)  // RUSAGE_SELF, an enumeration that the function does not take
      return usage.ru_minflt
    }

    /// Ends the process, with success if `body` hardly meets a page that is not there: 64 MiB are 32 huge or 16384 small pages.
    private static func exitIfPagesAreReused(_ body: () -> Void) -> Never {
      let before = faults
      body()
      exit(faults - before < 30 ? EXIT_SUCCESS : EXIT_FAILURE)
    }

    /// A sanitizer of addresses has a page of its own for eight of each block.
    private static let countsAllFaults = dlsym(nil, "__asan_init") == nil

    @Test(.enabled(if: countsAllFaults, "a sanitizer adds page faults"))
    func equalSizesReuseTheirPages() async {
      await #expect(processExitsWith: .success) {
        Runtime.keepFreedMemory()
        _ = Self.tensor(64)
        Self.exitIfPagesAreReused {
          for _ in 0..<20 { _ = Self.tensor(64) }
        }
      }
    }

    @Test(.enabled(if: countsAllFaults, "a sanitizer adds page faults"))
    func otherSizesReuseTheirPages() async {
      await #expect(processExitsWith: .success) {
        Runtime.keepFreedMemory()
        func use(_ size: Int) {
          let first = Self.tensor(size, 1)
          let second = Self.tensor(120 - size - 2, 2)
          guard first.min([0]).item == 1, first.max([0]).item == 1, second.min([0]).item == 2,
            second.max([0]).item == 2
          else { exit(EXIT_FAILURE) }
        }
        // The first use of operators has faults of its own.
        _ = Self.tensor(120)
        use(60)
        // Blocks are composed of parts of others, and their parts of parts.
        Self.exitIfPagesAreReused {
          for size in [7, 40, 13, 100, 64, 3, 115, 22] { use(size) }
        }
      }
    }

    /// Blocks of other sizes do not add up.
    @Test func noMoreIsKeptThanWasNeededAtOnce() async {
      await #expect(processExitsWith: .success) {
        Runtime.keepFreedMemory()
        let before = Self.resident
        for size in 1...40 { _ = Self.tensor(3 * size) }
        let kept = (Self.resident - before) / 1024
        exit(100 < kept && kept < 135 ? EXIT_SUCCESS : EXIT_FAILURE)
      }
    }

    @Test func blocksInUseAreDistinct() async {
      await #expect(processExitsWith: .success) {
        Runtime.keepFreedMemory()
        await withTaskGroup(of: Bool.self) { group in
          for worker in 0..<4 {
            group.addTask {
              var generator = KeyedGenerator(key: [UInt64(worker)])
              var held: [(tensor: Tensor, value: Double)] = []
              var areRight = true
              for round in 0..<100 {
                let value = Double(worker * 1000 + round)
                let size = 1 + Int(generator.uniform(in: 0...1) * 8)
                held.append((Self.tensor(size, value), value))
                if held.count > 4 {
                  let (tensor, value) = held.remove(at: round % held.count)
                  areRight =
                    areRight && tensor.min([0]).item == value && tensor.max([0]).item == value
                }
              }
              return areRight
            }
          }
          for await isRight in group where !isRight { exit(EXIT_FAILURE) }
        }
        exit(EXIT_SUCCESS)
      }
    }
  }
#endif
