"""What the API server has seen of the operator's account, over all tests before."""

import collections

import pytest


@pytest.mark.timeout(60)
def test_nothing_that_the_operator_asked_for_was_forbidden(release, figures):
    audited = release.kubernetes.audited()
    accounts = {e["user"]["username"] for e in audited}
    assert any(account.startswith("system:serviceaccount:windlass-system:") for account in accounts), accounts
    figures("requests", len(audited))
    refusals = collections.Counter(release.refusals())
    assert not refusals, refusals.most_common(10)
