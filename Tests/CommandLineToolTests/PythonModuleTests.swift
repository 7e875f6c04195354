import Foundation
import TestSupport
import Testing

@Suite struct PythonModuleTests {
  /// Runs the module's tests with this build's tool. `make test-wheel` runs them with the wheel.
  @Test(
    .enabled(
      if: pythonWithTorch != nil, "no Python with PyTorch at .libtorch/venv or MOSI_TORCH_PYTHON"))
  func itsOwnTestsPass() throws {
    var tool = Tool(folder: try ScratchFolder())
    tool.environment = [
      "PYTHONPATH": repository + "/python", "MOSI_TOOL": Tool.path, "PYTHONDONTWRITEBYTECODE": "1",
    ]
    let result = try tool.wait(
      for: tool.start(
        pythonWithTorch!,
        ["-W", "ignore", "-m", "unittest", "discover", "-s", repository + "/python/tests"]))
    #expect(result.status == 0, "\(result.errors)")
  }
}
