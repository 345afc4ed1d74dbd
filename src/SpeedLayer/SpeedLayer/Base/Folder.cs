using System.Runtime.InteropServices;

namespace Lambda.SpeedLayer.Base;

/// <summary>Makes a rename durable: on Unix the folder itself is fsynced. .NET opens no folders, hence the calls.</summary>
public static partial class Folder
{
    public static void Fsync(string folder)
    {
        if (OperatingSystem.IsWindows()) return; // NTFS journals the rename
        var handle = Open(folder, 0);
        if (handle < 0) throw new IOException($"{folder}: cannot open for fsync, errno {Marshal.GetLastPInvokeError()}");
        var failed = Fsync(handle) != 0;
        var errno = Marshal.GetLastPInvokeError();
        Close(handle);
        if (failed) throw new IOException($"{folder}: fsync failed, errno {errno}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
