using System.Text;
using Lambda.Domain.Identity;
using Lambda.Serving.Local;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;
using Xunit;

namespace Lambda.SystemTests.Identity;

public sealed class SqliteIdentityLogTests : IdentityLogSuite
{
    private readonly TempFolder _folder = new();
    private readonly List<SqliteIdentityLog> _open = [];

    protected override IIdentityLog Open()
    {
        _open.Add(new SqliteIdentityLog(Path.Combine(_folder.Path, "identity.db")));
        return _open[^1];
    }

    public override void Dispose()
    {
        foreach (var log in _open) log.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Blank_WhenLinksWereForgotten_LeavesNothingInTheFiles()
    {
        var log = Open();
        log.TryAppend(0, new IdentityRecord.Linked(Link(1, "somebody-known", "somebody-else")));
        log.TryAppend(1, new IdentityRecord.Forgotten(Id(1), 9));
        log.Blank([Id(1)]);
        foreach (var file in Directory.GetFiles(_folder.Path, "identity.db*"))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes("somebody")) < 0, file);
        }
    }
}
