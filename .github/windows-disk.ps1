<#
.SYNOPSIS
offfix on a real Windows: a disk with hives of this system is broken, repaired, read back by
Windows' own tools, and put back byte for byte.

.DESCRIPTION
Runs as administrator on a machine that is thrown away afterwards. The disk is a VHD of its own;
the hives on it are saved ones, so nothing of the running system is changed. Windows reads copies of
what offfix wrote: loading a hive writes to it.
#>
[CmdletBinding()]
param(
    # The release build of offfix.exe.
    [Parameter(Mandatory = $true)] [string] $Program,
    # Where the VHD, the journal and copies lie; it is made.
    [string] $Folder = (Join-Path ([IO.Path]::GetTempPath()) 'offfix-disk')
)
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false

$repairs = 'tls-protocols', 'rdp-enabled', 'safe-mode', 'machine-keys'
$selection = '--repair', ($repairs -join ',')
$tls = 'Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Server'
$networkService = '*S-1-5-20'

# Runs a program that must end with this code; answers its lines.
function Invoke-Tool([int] $Expected, [string] $File, [string[]] $Words) {
    $lines = & $File @Words 2>&1 | ForEach-Object { "$_" }
    $code = $LASTEXITCODE
    if ($code -ne $Expected) {
        throw "$File $($Words -join ' '): exit code $code, not $Expected`n$($lines -join "`n")"
    }
    return @($lines)
}

function Invoke-Offfix([int] $Expected, [string[]] $Words) {
    Write-Output "> offfix $($Words -join ' ')" | Out-Host
    $all = @($Words) + @('--journal', (Join-Path $Folder 'journal'))
    return Invoke-Tool $Expected $Program $all
}

function Invoke-DiskPart([string[]] $Lines) {
    $script = Join-Path $Folder 'diskpart.txt'
    Set-Content -LiteralPath $script -Value $Lines -Encoding ascii
    Invoke-Tool 0 'diskpart.exe' @('/s', $script) | Out-Host
}

function Assert-That([bool] $Holds, [string] $What) {
    if (-not $Holds) { throw "not so: $What" }
    Write-Output "ok: $What" | Out-Host
}

# SHA-256 of every file of the disk that offfix may write, by path.
function Get-Hashes {
    $hashes = [ordered] @{}
    foreach ($place in "$drive\Windows\System32\config", "$drive\Boot") {
        $files = Get-ChildItem -LiteralPath $place -File -Force | Sort-Object -Property FullName
        foreach ($file in $files) {
            $hashes[$file.FullName] = (Get-FileHash -LiteralPath $file.FullName).Hash
        }
    }
    return $hashes
}

function Compare-Hashes($Left, $Right) {
    $names = @($Left.Keys) + @($Right.Keys) | Sort-Object -Unique
    return $names | Where-Object { $Left[$_] -ne $Right[$_] }
}

# The descriptors of the key folder and of what is in it, as icacls saves them.
function Get-Descriptors([string] $Name) {
    $file = Join-Path $Folder $Name
    Invoke-Tool 0 'icacls.exe' @($keys, '/save', $file, '/t', '/q') | Out-Null
    return Get-Content -LiteralPath $file -Raw -Encoding unicode
}

# Loads a copy of a hive with its logs as HKLM\OFFFIX and answers what a query says.
function Read-Hive([string] $Name, [string[]] $Query) {
    $copy = Join-Path $Folder ('copy-' + [guid]::NewGuid().ToString('n'))
    New-Item -ItemType Directory -Path $copy | Out-Null
    Get-ChildItem -LiteralPath "$drive\Windows\System32\config" -File -Force -Filter "$Name*" |
        Copy-Item -Destination $copy -Force
    Invoke-Tool 0 'reg.exe' @('load', 'HKLM\OFFFIX', (Join-Path $copy $Name)) | Out-Null
    try {
        return (Invoke-Tool 0 'reg.exe' (@('query') + $Query)) -join "`n"
    } finally {
        Invoke-Tool 0 'reg.exe' @('unload', 'HKLM\OFFFIX') | Out-Null
    }
}

function Read-Store {
    $copy = Join-Path $Folder ('store-' + [guid]::NewGuid().ToString('n'))
    Copy-Item -LiteralPath "$drive\Boot\BCD" -Destination $copy -Force
    return (Invoke-Tool 0 'bcdedit.exe' @('/store', $copy, '/enum', 'all', '/v')) -join "`n"
}

function New-Disk {
    Invoke-DiskPart @(
        "create vdisk file=`"$vhd`" maximum=8192 type=expandable",
        "select vdisk file=`"$vhd`"",
        'attach vdisk',
        'convert mbr',
        'create partition primary',
        'active',
        'format fs=ntfs quick label=offfix',
        "assign letter=$($drive.Substring(0, 1))"
    )
    $config = "$drive\Windows\System32\config"
    New-Item -ItemType Directory -Path $config, "$drive\Boot", $keys -Force | Out-Null
    foreach ($file in 'ntoskrnl.exe', 'l_intl.nls') {
        Copy-Item -LiteralPath "$env:SystemRoot\System32\$file" -Destination "$drive\Windows\System32"
    }
    foreach ($hive in 'SYSTEM', 'SOFTWARE') {
        Invoke-Tool 0 'reg.exe' @('save', "HKLM\$hive", "$config\$hive", '/y') | Out-Null
    }
    Invoke-Tool 0 'bcdedit.exe' @('/export', "$drive\Boot\BCD") | Out-Null
}

# Breaks what the repairs look at; loading a hive also gives it its logs.
function Set-Faults {
    $config = "$drive\Windows\System32\config"
    Invoke-Tool 0 'reg.exe' @('load', 'HKLM\OFFFIX', "$config\SYSTEM") | Out-Null
    try {
        $select = (Invoke-Tool 0 'reg.exe' @('query', 'HKLM\OFFFIX\Select', '/v', 'Default')) -join ' '
        if ($select -notmatch '0x([0-9a-f]+)') { throw "no default control set in: $select" }
        $script:set = 'HKLM\OFFFIX\ControlSet{0:d3}' -f [Convert]::ToInt32($Matches[1], 16)
        $values = @(
            @("$set\$tls", 'Enabled', '0'),
            @("$set\$tls", 'DisabledByDefault', '1'),
            @("$set\Control\Terminal Server", 'fDenyTSConnections', '1')
        )
        foreach ($value in $values) {
            $words = 'add', $value[0], '/v', $value[1], '/t', 'REG_DWORD', '/d', $value[2], '/f'
            Invoke-Tool 0 'reg.exe' $words | Out-Null
        }
    } finally {
        Invoke-Tool 0 'reg.exe' @('unload', 'HKLM\OFFFIX') | Out-Null
    }
    $words = '/store', "$drive\Boot\BCD", '/set', '{default}', 'safeboot', 'minimal'
    Invoke-Tool 0 'bcdedit.exe' $words | Out-Null

    $machine = Get-ItemPropertyValue 'HKLM:\SOFTWARE\Microsoft\Cryptography' 'MachineGuid'
    $script:key = Join-Path $keys "f686aace6942fb7f7ceb231212eef4a4_$machine"
    [IO.File]::WriteAllBytes($key, [byte[]] (0..255))
    $owners = '*S-1-5-18', '*S-1-5-32-544'
    $whole = $owners | ForEach-Object { "${_}:(OI)(CI)F" }
    $words = @($keys, '/inheritance:r', '/grant:r') + $whole + @("${networkService}:(OI)(CI)RX")
    Invoke-Tool 0 'icacls.exe' $words | Out-Null
    # The key itself: NETWORK SERVICE, as which Remote Desktop runs, may not read it.
    $words = @($key, '/inheritance:r', '/grant:r') + ($owners | ForEach-Object { "${_}:F" })
    Invoke-Tool 0 'icacls.exe' $words | Out-Null
}

# Looking finds the four faults, and writes nothing.
function Test-Plan {
    $before = Get-Hashes
    $lines = Invoke-Offfix 0 (@('plan', $drive, '--format', 'json') + $selection)
    $plan = ($lines -join "`n") | ConvertFrom-Json
    Assert-That ($plan.verdict -eq 'would-fix') "the verdict is would-fix: $($plan.verdict)"
    Assert-That ($plan.computer -eq $env:COMPUTERNAME) "the disk is of $($plan.computer)"
    $offered = @($plan.changes.repair) + @($plan.permissions.repair)
    foreach ($repair in $repairs) { Assert-That ($offered -contains $repair) "$repair is offered" }
    $differ = @(Compare-Hashes $before (Get-Hashes))
    Assert-That ($differ.Count -eq 0) "looking changed no byte: $differ"
    Invoke-Offfix 1 (@('plan', $drive, '--detailed-exitcode') + $selection) | Out-Host
    Invoke-Offfix 3 @('plan', $env:SystemDrive) | Out-Host
    Invoke-Offfix 0 @('disks') | Out-Host
}

# What is written, Windows reads.
function Test-Apply {
    $plan = Join-Path $Folder 'plan.json'
    Invoke-Offfix 0 (@('plan', $drive, '--out', $plan) + $selection) | Out-Null
    Invoke-Offfix 0 @('apply', $plan, '--yes', '--note', 'a test') | Out-Host
    $after = Get-Hashes
    foreach ($value in @(@($tls, 'Enabled', '0x1'), @($tls, 'DisabledByDefault', '0x0'),
            @('Control\Terminal Server', 'fDenyTSConnections', '0x0'))) {
        $read = Read-Hive 'SYSTEM' @("$set\$($value[0])", '/v', $value[1])
        $right = $read -match "REG_DWORD\s+$($value[2])(\s|$)"
        Assert-That $right "Windows reads $($value[1]) as $($value[2])"
    }
    Assert-That ((Read-Store) -notmatch 'safeboot') 'Windows reads no safe mode in the boot store'
    $list = (Invoke-Tool 0 'icacls.exe' @($key)) -join "`n"
    $account = [Security.Principal.SecurityIdentifier]::new('S-1-5-20')
    $account = $account.Translate([Security.Principal.NTAccount]).Value
    Assert-That $list.Contains("${account}:") "$account is in the list of the key: $list"
    $differ = @(Compare-Hashes $after (Get-Hashes))
    Assert-That ($differ.Count -eq 0) "reading back changed no byte: $differ"
    Invoke-Offfix 0 (@('plan', $drive, '--detailed-exitcode') + $selection) | Out-Null
}

# The script for recovery VMs, as a person starts it and as az appends it to its own.
function Test-Wrapper {
    $wrapper = Join-Path $PSScriptRoot '..\contrib\az-vm-repair.ps1'
    $base = @('-NoProfile', '-ExecutionPolicy', 'Bypass', '-File')
    $words = $base + @($wrapper, '-Program', $Program, '-Drive', $drive)
    $said = @(Invoke-Tool 0 'powershell.exe' $words)
    Assert-That ($said[-1] -eq '[STATUS]::SUCCESS') 'the wrapper looks at the disk'
    $said = @(Invoke-Tool 2 'powershell.exe' ($words + @('-Apply', 'false')))
    Assert-That ($said[-1] -eq '[STATUS]::ERROR') 'the wrapper applies nothing by mistake'
    $text = (Get-Content -LiteralPath $wrapper -Raw).Replace('C:\offfix\offfix.exe', $Program)
    $head = "Param([Parameter(Mandatory=`$true)][string]`$script_path)`n"
    $joined = Join-Path $Folder 'joined.ps1'
    Set-Content -LiteralPath $joined -Value ($head + $text) -Encoding utf8
    $said = @(Invoke-Tool 0 'powershell.exe' ($base + @($joined, '-script_path', 'no-op')))
    Assert-That ($said[-1] -eq '[STATUS]::SUCCESS') 'the wrapper finds the disk'
}

$drive = 'V:'
$keys = "$drive\ProgramData\Microsoft\Crypto\RSA\MachineKeys"
$Program = (Resolve-Path -LiteralPath $Program).Path
if (Test-Path -LiteralPath $Folder) { throw "$Folder is there already" }
if (Test-Path -LiteralPath "$drive\") { throw "there is a drive $drive already" }
New-Item -ItemType Directory -Path $Folder | Out-Null
$vhd = Join-Path $Folder 'disk.vhd'
try {
    New-Disk
    Set-Faults
    $before = Get-Hashes
    $lists = Get-Descriptors 'acl-before.txt'
    Test-Plan
    Test-Wrapper
    Test-Apply
    Assert-That (@(Compare-Hashes $before (Get-Hashes)).Count -gt 0) 'something was written'
    Assert-That ($lists -ne (Get-Descriptors 'acl-repaired.txt')) 'permissions were written'
    Invoke-Offfix 0 @('undo', $drive, '--yes') | Out-Host
    $differ = @(Compare-Hashes $before (Get-Hashes))
    Assert-That ($differ.Count -eq 0) "undo gave every byte back: $differ"
    Assert-That ($lists -eq (Get-Descriptors 'acl-after.txt')) 'undo gave the permissions back'
} finally {
    if (Test-Path -LiteralPath $vhd) {
        Invoke-DiskPart @("select vdisk file=`"$vhd`"", 'detach vdisk')
    }
}
Write-Output 'everything held'
