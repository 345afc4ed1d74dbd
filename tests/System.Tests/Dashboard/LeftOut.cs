#if !PLAYWRIGHT
using Xunit;

namespace Lambda.SystemTests.Dashboard;

/// <summary>Shown as skipped, so that nobody takes a thin build for a whole one.</summary>
public sealed class LeftOut
{
    [Fact(Skip = "built without Microsoft.Playwright: the dashboard was not looked at in a browser")]
    public void Dashboard_WhenThePackageIsMissing_IsNotLookedAt() { }
}
#endif
