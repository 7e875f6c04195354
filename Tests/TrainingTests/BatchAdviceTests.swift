import Configuration
import Testing
import Torch
import Training

/// The advice if a step gets no memory.
@Suite struct BatchAdviceTests {
  private func text(memory: Double?, checkpointsActivations: Bool = true) -> String {
    let c = tinyConfiguration()
    return BatchAdvice(
      TrainingStep(c), setting: "batch.sources", batch: 8,
      checkpointsActivations: checkpointsActivations, memory: memory
    ).text
  }

  @Test func aSmallerBatchIsNamed() throws {
    let text = text(memory: 1e12)
    // More than what has just failed cannot fit.
    #expect(
      text
        == "by a rough estimate batch.sources=7 fits (now 8); a larger batch.accumulation_steps keeps the step"
    )
  }

  @Test func theEstimateGoesWithTheMemory() throws {
    func fitting(_ memory: Double) throws -> Int {
      let text = text(memory: memory)
      return try #require(
        Int(text.drop { $0 != "=" }.dropFirst().prefix { $0 != " " }), "\(text)")
    }
    // The batch of 8 takes 8 times the clips of one source, and gradients beside them.
    let bytes = try #require((1...400).map { Double($0) * 1e4 }.first { (try? fitting($0)) == 2 })
    #expect(try fitting(2 * bytes) >= 4)
  }

  @Test func withLittleMemoryTheClipsAreTooLarge() {
    #expect(
      text(memory: 1000)
        == "by a rough estimate not even batch.sources=1 fits: lower clip.size, clip.frames or model.width"
    )
    #expect(text(memory: nil) == "lower batch.sources (8 now)")
  }

  @Test func checkpointedActivationsAreNamedUnlessInUse() {
    #expect(
      text(memory: nil, checkpointsActivations: false)
        == "lower batch.sources (8 now); with --checkpoint-activations, the same batch needs less memory"
    )
  }

  /// It takes the place of the general one while the steps run, and is given once: it needs memory itself.
  @Test func theSentenceEndsInIt() {
    let error = TorchError(kind: .outOfMemory, call: "conv3d(...)", message: "no 5 bytes\nat ...")
    func check() {
      #expect(error.description == "out of memory in conv3d(...): no 5 bytes; buy some")
      #expect(error.description.hasSuffix("; use smaller batches or clips"))
    }
    TorchError.advising(ifOutOfMemory: { "buy some" }, check)
    #expect(error.description.hasSuffix("; use smaller batches or clips"))
  }
}
