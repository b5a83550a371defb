"""Prints "passed failed" for a JUnit report (GoogleTest's and pytest's alike)."""
import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    passed = failed = 0
    for case in ElementTree.parse(path).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            failed += 1
        elif "skipped" not in outcomes and case.get("status") != "notrun":
            passed += 1
    return passed, failed


if __name__ == "__main__":
    print(*count(sys.argv[1]))
