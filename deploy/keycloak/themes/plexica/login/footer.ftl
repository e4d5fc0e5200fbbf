<#-- The parent's place for what a theme adds. The realm names its tenant's style sheet (plexica.identity.realm_look). -->
<#macro content>
<#assign plexicaStyle = (realm.getAttribute("plexica.style"))!"">
<#if plexicaStyle?has_content>
<link rel="stylesheet" href="${plexicaStyle}">
</#if>
</#macro>
