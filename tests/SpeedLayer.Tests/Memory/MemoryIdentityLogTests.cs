using Lambda.SpeedLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit.Conformance;

namespace Lambda.SpeedLayer.Tests.Memory;

public sealed class MemoryIdentityLogTests : IdentityLogSuite
{
    private readonly MemoryIdentityLog _log = new();

    protected override IIdentityLog Open() => _log;
}
