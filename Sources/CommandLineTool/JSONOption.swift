import ArgumentParser

/// The option for results as JSON.
struct JSONOption: ParsableArguments {
  @Flag(help: "Print the result as JSON.")
  var json = false
}
