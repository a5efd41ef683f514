import java.io.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.regex.*;

/** A broadcast node: every 200 ms each node sends each other one what that has not confirmed. Pool of four threads. */
public class Node {
  static String me;
  static final Set<String> values = new TreeSet<>();
  static final Map<String, Set<String>> missing = new TreeMap<>();

  /** The text of a member whose value is a string, a number or a flat array; good enough for a test's messages. */
  static String member(String line, String name) {
    Matcher found = Pattern.compile("\"" + name + "\":\\s*(\"([^\"]*)\"|\\[([^\\]]*)\\]|[-0-9]+)").matcher(line);
    if (!found.find()) return "";
    return found.group(2) != null ? found.group(2) : found.group(3) != null ? found.group(3) : found.group(1);
  }

  static List<String> items(String text) {
    return text.isBlank() ? List.of() : List.of(text.replaceAll("[\"\\s]", "").split(","));
  }

  static void send(String dest, String body) {
    System.out.println("{\"src\":\"" + me + "\",\"dest\":\"" + dest + "\",\"body\":{" + body + "}}");
  }

  static void add(String value) {
    if (values.add(value)) for (Set<String> set : missing.values()) set.add(value);
  }

  static synchronized void gossip() {
    missing.forEach((node, set) -> {
      if (!set.isEmpty()) send(node, "\"type\":\"gossip\",\"values\":[" + String.join(",", set) + "]");
    });
  }

  static synchronized void handle(String line, ScheduledExecutorService pool) {
    String source = member(line, "src"), body = line.substring(line.indexOf("\"body\""));
    String type = member(body, "type"), more = "";
    List<String> told = items(member(body, "values"));
    switch (type) {
      case "init":
        me = member(body, "node_id");
        for (String node : items(member(body, "node_ids"))) if (!node.equals(me)) missing.put(node, new TreeSet<>());
        pool.scheduleAtFixedRate(Node::gossip, 200, 200, TimeUnit.MILLISECONDS);
        break;
      case "broadcast": add(member(body, "message")); break;
      case "read": more = ",\"messages\":[" + String.join(",", values) + "]"; break;
      case "gossip":
        told.forEach(Node::add);
        send(source, "\"type\":\"got\",\"values\":[" + String.join(",", told) + "]");
        return;
      case "got": missing.get(source).removeAll(told); return;
      default: break;
    }
    send(source, "\"type\":\"" + type + "_ok\",\"in_reply_to\":" + member(body, "msg_id") + more);
  }

  public static void main(String[] arguments) throws IOException {
    ScheduledExecutorService pool = Executors.newScheduledThreadPool(4);
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = input.readLine()) != null; ) {
      String taken = line;
      pool.execute(() -> handle(taken, pool));
    }
  }
}
