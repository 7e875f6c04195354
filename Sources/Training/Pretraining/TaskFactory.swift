import Configuration
import MoSI
import Pretext

extension PretrainingConfiguration {
  /// The pretext task.
  public func makeTask() -> any PretextTask { task }
}
