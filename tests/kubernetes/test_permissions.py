"""What the API server has seen of the operator's account, over all tests before."""

import pytest


@pytest.mark.timeout(300)
def test_nothing_that_the_operator_asked_for_was_forbidden(release, figures):
    audited = release.kubernetes.audited()
    accounts = {e["user"]["username"] for e in audited}
    assert any(account.startswith("system:serviceaccount:windlass-system:") for account in accounts), accounts
    figures("requests", len(audited))
    refusals = release.refusals()
    assert not refusals, "\n".join([f"{len(refusals)} refusals", *refusals[:10]])
