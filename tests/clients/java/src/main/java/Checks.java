import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Runs named checks and says of each "ok NAME" or "FAIL NAME: why". */
final class Checks {
  interface Check {
    void run() throws Exception;
  }

  private final Map<String, Check> checks = new LinkedHashMap<>();

  void add(String name, Check check) {
    checks.put(name, check);
  }

  /** The exit status: 0 if all passed. */
  int run() {
    int failed = 0;
    for (Map.Entry<String, Check> entry : checks.entrySet()) {
      try {
        entry.getValue().run();
        System.out.println("ok " + entry.getKey());
      } catch (Throwable error) {
        failed = 1;
        System.out.println("FAIL " + entry.getKey() + ": " + error);
        error.printStackTrace(System.out);
      }
    }
    return failed;
  }

  static void equal(Object found, Object wanted) {
    if (!Objects.equals(found, wanted)) throw new AssertionError(found + " instead of " + wanted);
  }

  static void refused(Check check, String word) throws Exception {
    try {
      check.run();
    } catch (Exception error) {
      if (String.valueOf(error.getMessage()).contains(word)) return;
      throw error;
    }
    throw new AssertionError("no error with " + word);
  }

  /** Runs it 200 ms from now, beside what waits for it. */
  static void later(Check check) {
    Thread thread = new Thread(() -> {
      try {
        Thread.sleep(200);
        check.run();
      } catch (Exception error) {
        System.out.println("FAIL in the background: " + error);
      }
    });
    thread.setDaemon(true);
    thread.start();
  }
}
