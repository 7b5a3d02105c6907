"""Issues of profiles. Codes FHIR-226 to 235."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def too_few(pointer: str, name: str, least: int, profile: str) -> Issue:
    return Issue(
        code="FHIR-226",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"规范 {profile} 要求元素“{name}”至少 {least} 个",
        en=f"the profile {profile} asks for at least {least} of '{name}'",
        hint_zh="请补上该元素",
        hint_en="supply the element",
    )


def too_many(pointer: str, name: str, most: int, profile: str) -> Issue:
    return Issue(
        code="FHIR-227",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"规范 {profile} 允许元素“{name}”最多 {most} 个",
        en=f"the profile {profile} allows at most {most} of '{name}'",
        hint_zh="请去掉多余的元素;0 表示不得出现",
        hint_en="leave out what is too many; 0 means that it must not be there",
    )


def not_fixed(pointer: str, wanted: str, profile: str) -> Issue:
    return Issue(
        code="FHIR-228",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"规范 {profile} 规定的值为:{wanted}",
        en=f"the profile {profile} fixes the value: {wanted}",
        hint_zh="请改为规定的值",
        hint_en="write the value that is fixed",
    )


def not_bound(pointer: str, value_set: str, profile: str) -> Issue:
    return Issue(
        code="FHIR-229",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"代码不在规范 {profile} 要求的值集 {value_set} 中",
        en=f"no code of the value set {value_set}, which the profile {profile} requires",
        hint_zh="请改用值集中的代码",
        hint_en="use a code of the value set",
    )


def wrong_kind(pointer: str, allowed: str, profile: str) -> Issue:
    return Issue(
        code="FHIR-230",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"规范 {profile} 在此处只允许:{allowed}",
        en=f"the profile {profile} allows here only: {allowed}",
        hint_zh="请改用允许的类型或引用目标",
        hint_en="use an allowed type or target",
    )


def unknown_extension(pointer: str, profile: str) -> Issue:
    return Issue(
        code="FHIR-231",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"规范 {profile} 不认识此处的扩展或切片",
        en=f"the profile {profile} knows no such extension or slice here",
        hint_zh="请检查扩展的地址;本项目的扩展须有定义",
        hint_en="check the address; an extension of this project needs its definition",
    )


def no_resource_for(pointer: str, kind: str, profile: str) -> Issue:
    return Issue(
        code="FHIR-232",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"没有可按规范 {profile} 校验的资源(类型 {kind})",
        en=f"there is no resource of type {kind} to hold against the profile {profile}",
        hint_zh="请检查文件和 --profile",
        hint_en="check the file and --profile",
    )


def not_checked(pointer: str, what: str, profile: str) -> Issue:
    return Issue(
        code="FHIR-233",
        severity=Severity.INFORMATION,
        pointer=pointer,
        zh=f"规范 {profile} 的这一部分未作校验:{what}",
        en=f"this part of the profile {profile} was not checked: {what}",
        hint_zh="请用 HL7 校验器复核",
        hint_en="ask the HL7 validator about it",
    )


def invariant_of(pointer: str, key: str, human: str, profile: str) -> Issue:
    return Issue(
        code="FHIR-234",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"违反规范 {profile} 的约束 {key}:{human}",
        en=f"invariant {key} of the profile {profile} does not hold: {human}",
        hint_zh="请对照规范检查",
        hint_en="compare with the profile",
    )


def profile_unknown(pointer: str, url: str) -> Issue:
    return Issue(
        code="FHIR-235",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"资源声明的规范 {url} 不在手边,未作校验",
        en=f"the resource claims the profile {url}, which is not at hand; it was not checked",
        hint_zh="请将其 StructureDefinition 放入 mappings/profiles",
        hint_en="put its StructureDefinition into mappings/profiles",
    )
