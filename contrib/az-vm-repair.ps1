<#
.SYNOPSIS
Looks at the disk that is attached to this recovery VM with offfix, or repairs it.

.DESCRIPTION
Finds the drive of the attached Windows, runs "offfix plan" on it, or "offfix apply" with -Apply,
prints the beginning of the JSON answer and keeps the whole of it in a file. Ends with offfix's
exit code, and with the line that "az vm repair" looks for.

Three ways to start it:
  .\az-vm-repair.ps1 -Apply
  az vm run-command invoke --command-id RunPowerShellScript --scripts "@az-vm-repair.ps1"
      --parameters "Program=C:\offfix\offfix.exe" ...
  az vm repair run --run-on-repair --custom-script-file az-vm-repair.ps1 ...
The last hands no parameters to a script: there the values behind the parameters below count, so
write yours there first.

Nothing is downloaded unless Program is an https address, and nothing that was downloaded runs
unless its SHA-256 is the one given.
#>

$repair = {
    # A word without a name is never taken for a value: see Rest.
    [CmdletBinding(PositionalBinding = $false)]
    param(
        # offfix.exe, or the release's zip: a path on this machine, or an https address.
        [string] $Program = 'C:\offfix\offfix.exe',
        # The SHA-256 that Program must have; an https address needs one.
        [string] $Sha256 = '',
        # The drive letter of the attached Windows; looked for when it is empty.
        [string] $Drive = '',
        # Options of "offfix plan" and "offfix apply", such as: --for rdp-internal-error
        [string] $Options = '',
        # Refuse any disk but the one of this computer.
        [string] $ExpectComputer = '',
        # Make the changes: those of Options, or everything that is recommended.
        [switch] $Apply,
        # "Apply=true" comes as a switch and a word.
        [Parameter(ValueFromRemainingArguments = $true)] [string[]] $Rest
    )
    Set-StrictMode -Version 2
    $ErrorActionPreference = 'Stop'
    # The relay keeps 4,096 characters, and adds lines of its own.
    $room = 3500

    function Stop-Here([int] $Code, [string] $Why) {
        Write-Output "error: $Why"
        Write-Output '[STATUS]::ERROR'
        exit $Code
    }

    # The program: on this machine, or brought here and compared.
    function Get-Program {
        $file = $Program
        if ($Program -match '^[a-z]+://') {
            if ($Program -notmatch '^https://') { throw 'Program must be a path or an https address' }
            if (-not $Sha256) { throw 'an https address needs Sha256' }
            [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
            $name = Split-Path -Leaf ([uri] $Program).AbsolutePath
            $file = Join-Path $folder $name
            Invoke-WebRequest -UseBasicParsing -Uri $Program -OutFile $file
        }
        if (-not (Test-Path -LiteralPath $file -PathType Leaf)) { throw "there is no $file" }
        if ($Sha256) {
            $found = (Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash
            if ($found -ne $Sha256) { throw "$file has the SHA-256 $found" }
        }
        if ($file -like '*.zip') {
            Expand-Archive -LiteralPath $file -DestinationPath $folder -Force
            $inside = Get-ChildItem -Path $folder -Recurse -Filter 'offfix.exe'
            if (-not $inside) { throw "there is no offfix.exe in $file" }
            $file = @($inside)[0].FullName
        }
        return $file
    }

    # Letters of the drives that have a Windows, but for the one that runs.
    function Get-Candidate {
        foreach ($one in [IO.DriveInfo]::GetDrives()) {
            $letter = $one.Name.Substring(0, 2)
            $hive = "$letter\Windows\System32\config\SYSTEM"
            if ($letter -ne $env:SystemDrive -and (Test-Path -LiteralPath $hive)) { $letter }
        }
    }

    if ($Rest -and ($Rest.Count -ne 1 -or $Rest[0] -ne 'true' -or -not $Apply)) {
        Stop-Here 2 "what does '$Rest' mean? Say -Apply to repair, and leave it out to look"
    }
    $admin = [Security.Principal.WindowsBuiltInRole]::Administrator
    $me = [Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()
    if (-not $me.IsInRole($admin)) { Stop-Here 3 'run this as administrator' }
    $folder = Join-Path $env:TEMP ('offfix-' + (Get-Date -Format 'yyyyMMdd-HHmmss'))
    New-Item -ItemType Directory -Path $folder -Force | Out-Null
    try { $offfix = Get-Program } catch { Stop-Here 2 $_.Exception.Message }
    if ($Drive) {
        $letter = $Drive.Substring(0, 1) + ':'
    } else {
        $found = @(Get-Candidate)
        if ($found.Count -eq 0) {
            Stop-Here 7 'no attached drive has a Windows; is the disk online, and unlocked?'
        }
        if ($found.Count -gt 1) { Stop-Here 2 "which one: $found? Name it with Drive" }
        $letter = $found[0]
    }

    $chosen = @($Options -split '\s+' | Where-Object { $_ })
    $words = @('--drive', $letter)
    if ($ExpectComputer) { $words += @('--expect-computer', $ExpectComputer) }
    if ($Apply) {
        $words += @('apply', '--yes', '--format', 'json')
        if ($chosen.Count -eq 0) { $words += '--recommended' }
    } else {
        $words += @('plan', '--format', 'json')
    }
    $words += $chosen
    # What a program says on standard error must not end this script.
    $ErrorActionPreference = 'Continue'
    $answer = (& $offfix @words | Out-String).Trim()
    $code = $LASTEXITCODE
    $kept = Join-Path $folder 'answer.json'
    Set-Content -LiteralPath $kept -Value $answer -Encoding Ascii
    Write-Output $answer.Substring(0, [Math]::Min($room, $answer.Length))
    Write-Output "offfix $($words -join ' '): exit code $code; the whole answer is $kept"
    if ($code -le 1) { Write-Output '[STATUS]::SUCCESS' } else { Write-Output '[STATUS]::ERROR' }
    exit $code
}
if ($args) { & $repair @args } else { & $repair }
