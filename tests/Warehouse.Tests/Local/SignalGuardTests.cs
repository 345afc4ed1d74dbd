using Lambda.TestKit;
using Lambda.Warehouse.Local;
using Lambda.Warehouse.Local.Engine;
using Lambda.Warehouse.Local.Native;
using Xunit;

namespace Lambda.Warehouse.Tests.Local;

/// <summary>The library within this process, once: after its shutdown it cannot be opened again.</summary>
public sealed class SignalGuardTests
{
    [SkippableFact]
    public async Task HandlersOfTheRuntime_AfterConnecting_AreTheSame()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        Skip.If(Environment.GetEnvironmentVariable("LAMBDA_BENCH") == "1", "the benchmark has the library");
        var folder = Path.Combine(Path.GetTempPath(), $"lambda-signals-{Guid.NewGuid():N}");
        var before = SignalGuard.Handlers();
        await using (var engine = await ChdbEngine.StartAsync(new LocalOptions { DataPath = folder, Library = LocalWarehouse.LibraryPath! }))
        {
            Assert.Equal(before, SignalGuard.Handlers());
            await engine.Pool.RunAsync(Profile.Plain, static scope => scope.Connection.Scalar("SELECT 1"), default); // another connection
            Assert.Equal(before, SignalGuard.Handlers());
            Assert.Throws<NullReferenceException>(static () => ((string)null!).Length);
        }
        Directory.Delete(folder, recursive: true);
    }
}
