/// The lines that the benchmarks read and write: the real kinds of messages, small to large.
public enum Texts {
  public static let echo = line(#""type":"echo","msg_id":1000000,"echo":"Please echo 35""#)
  public static let broadcast = line(#""type":"broadcast","msg_id":1000000,"message":1000000"#)
  public static let read = line(#""type":"read","msg_id":1000000"#)
  public static let generate = line(#""type":"generate","msg_id":1000000"#)
  public static let send = line(#""type":"send","msg_id":1000000,"key":"7","msg":123"#)
  /// For the last 10 of 1,000 messages.
  public static let poll = line(#""type":"poll","msg_id":1000000,"offsets":{"7":990}"#)
  public static let readOk = line(#""type":"read_ok","in_reply_to":1000000,"messages":"# + integers(1_000))
  public static let pollOk = line(
    #""type":"poll_ok","in_reply_to":1000000,"msgs":{"# + logs(10, of: 20) + "}")
  /// Echo with a payload that has depth, escapes and reals.
  public static let nested = line(#""type":"echo","msg_id":1000000,"echo":"# + tree(depth: 4))

  private static func line(_ body: String) -> [UInt8] {
    Array(#"{"src":"c1","dest":"n0","body":{\#(body)}}"#.utf8)
  }

  private static func integers(_ count: Int) -> String {
    "[" + (0..<count).map { "\(1_000_000 + $0)" }.joined(separator: ",") + "]"
  }

  private static func logs(_ keys: Int, of count: Int) -> String {
    (0..<keys).map { key in
      #""\#(key)":["# + (0..<count).map { "[\(1_000 + $0),\(key * 1_000 + $0)]" }.joined(separator: ",") + "]"
    }.joined(separator: ",")
  }

  private static func tree(depth: Int) -> String {
    guard depth > 0 else { return #"[1.5,-2e3,true,null,"tab\t and \u00e9"]"# }
    return #"{"left":\#(tree(depth: depth - 1)),"right":\#(tree(depth: depth - 1))}"#
  }
}
