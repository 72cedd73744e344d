// Sends the only form of the page, as the form_post response mode does.
document.forms[0].submit();
