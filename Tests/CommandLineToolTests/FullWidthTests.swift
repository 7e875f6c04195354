import Foundation
import TestSupport
import Testing
import Torch

/// The paper's networks with 14.06 and 14.37 million parameters, saved as by the released code, made and run by PyTorch.
@Suite(
  .enabled(
    if: pythonWithTorch != nil, "needs PyTorch at .libtorch/venv/bin/python or MOSI_TORCH_PYTHON"))
struct FullWidthTests {
  @Test func releasedCheckpointsGivePyTorchsFeaturesAndLogits() throws {
    let folder = try ScratchFolder()
    let tool = Tool(folder: folder)
    let script = repository + "/Tests/VideoModelsTests/Goldens/save_full_width.py"
    let saved = try tool.wait(
      for: tool.start(#require(pythonWithTorch), ["-W", "ignore", script, folder.path]))
    try #require(saved.status == 0, "\(saved.errors)")
    for name in ["r2d3d-18", "r2plus1d-10"] {
      let expected = try Safetensors(contentsOf: folder.path + "/\(name).safetensors").tensors
      let converted = try tool.run("convert", "\(name).pyth", "own.safetensors", "--to", "mosi")
      try #require(converted.status == 0, "\(converted.errors)")
      for weights in ["\(name).pyth", "own.safetensors"] {
        let result = try tool.run(
          "features", "--weights", weights, "clips.safetensors", "--output",
          "found.safetensors")
        try #require(result.status == 0, "\(result.errors)")
        let found = try Safetensors(contentsOf: folder.path + "/found.safetensors").tensors
        for key in ["features", "logits"] {
          let tensor = try #require(found[key])
          #expect(tensor.shape == expected[key]?.shape)
          #expect(difference(tensor, expected[key]!) < 1e-4, "\(name), \(weights), \(key)")
        }
      }
    }
  }
}
