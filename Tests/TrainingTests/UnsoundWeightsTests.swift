import Foundation
import SafeFiles
import TestSupport
import Testing
import Torch
import Training
import VideoModels

extension TrainingRuns {
  @Suite struct UnsoundWeightsTests {
    private func network() -> VideoClassifier {
      let generator = Generator(seed: 3)
      return VideoClassifier(.r2d3d18, width: 4, head: .actions, classes: 3, using: generator)
    }

    private func write(_ path: String, changing name: String, to values: [Float]) throws {
      let model = network()
      var tensors = Dictionary(uniqueKeysWithValues: model.state.map { ($0.name, $0.tensor) })
      let tensor = try #require(tensors[name])
      var numbers = tensor.array(of: Float.self)
      numbers.replaceSubrange(0..<values.count, with: values)
      tensors[name] = Tensor(numbers, shape: tensor.shape)
      try Safetensors(tensors: tensors).write(to: path)
    }

    /// Otherwise, a network whose outputs are all NaN would be blamed on the videos or on the learning rate.
    @Test(arguments: [
      ("weight", [Float.nan, 1, -Float.infinity], "not finite", "NaN or infinite"),
      ("running_var", [Float(-1e-3)], "below 0", "variances below 0"),
    ])
    func areRefusedAndShown(ending: String, values: [Float], kind: String, word: String) throws {
      let folder = try ScratchFolder()
      let path = folder.file("w.safetensors")
      let name = try #require(
        network().state.map(\.name)
          .first { $0.hasSuffix(ending) })
      try write(path, changing: name, to: values)
      let error = #expect(throws: WeightsError.self) { try Weights(at: path) }
      #expect(error?.problem.contains(word) == true, "\(error?.problem ?? "")")
      #expect(error?.problem.contains(name) == true)
      let inspection = try WeightsInspection(at: path)
      let unsound = try inspection.unsoundNumbers()
      #expect(unsound.map(\.tensor) == [name] && unsound.map(\.kind.rawValue) == [kind])
      #expect(unsound.first?.count == values.filter { !$0.isFinite || $0 < 0 }.count)
      #expect(inspection.problem == nil)
    }

    /// Negative weights are valid, and so are variances of 0.
    @Test func validNumbersAreNotReported() throws {
      let folder = try ScratchFolder()
      let path = folder.file("w.safetensors")
      try write(path, changing: "head.out.weight", to: [-1, 0, -65504])
      #expect(try WeightsInspection(at: path).unsoundNumbers().isEmpty)
      #expect(try Weights(at: path).classCount == 3)
    }

    @Test func emptyFilesAreReportedAsEmpty() throws {
      let folder = try ScratchFolder()
      let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0f\nsize 12\n"
      for name in ["w.pth", "w.safetensors"] {
        for (text, word) in [("", "is empty"), (pointer, "is a Git LFS pointer")] {
          let path = try folder.write(text, to: name)
          let error = #expect(throws: WeightsError.self) { try Weights(at: path) }
          #expect(error?.problem.hasPrefix(word) == true, "\(error?.problem ?? "")")
          #expect(throws: WeightsError.self) { try WeightsInspection(at: path) }
        }
      }
    }
  }
}
