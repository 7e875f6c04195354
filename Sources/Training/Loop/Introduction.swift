import Configuration
import Torch

/// The line that describes a training before its first step: the network, the data and the steps.
func introduction(
  _ configuration: some RunConfiguration, _ network: Module, _ device: Device, _ plan: StepPlan,
  done: Int, to data: String
) -> String {
  let clips = plan.clipsPerStep
  let processes = plan.batches.count / plan.own.count
  return "\(configuration.model.architecture.rawValue), width \(configuration.model.width), "
    + "\(network.parameterCount) parameters on \(device); \(data); "
    + "\(plan.totalSteps) \(plan.totalSteps == 1 ? "step" : "steps") of \(clips) "
    + (clips == 1 ? "clip" : "clips")
    + (processes > 1 ? " in \(processes) processes" : "")
    + (done > 0 ? ", \(done) of them done" : "")
}
